# SPDX-License-Identifier: Apache-2.0
"""Miniature data sets in the layouts of the project's configs."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope='session')
def mini_camvid(tmp_path_factory) -> str:
    """CamVid's folder tree with ten random images of 48x64."""
    root = tmp_path_factory.mktemp('data') / 'camvid'
    rng = np.random.default_rng(0)
    for split, count in dict(train=6, val=2, test=2).items():
        for kind in ('images', 'annotations'):
            (root / kind / split).mkdir(parents=True)
        for i in range(count):
            image = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            label = rng.integers(0, 11, (48, 64), dtype=np.uint8)
            cv2.imwrite(str(root / 'images' / split / f'{i}.jpg'), image)
            cv2.imwrite(str(root / 'annotations' / split / f'{i}.png'), label)
    (root / 'splits' / '1_8').mkdir(parents=True)
    (root / 'splits' / '1_8' / 'labeled.txt').write_text('0\n1\n')
    (root / 'splits' / '1_8' / 'unlabeled.txt').write_text('2\n3\n4\n5\n')
    return str(root)


@pytest.fixture(scope='session')
def mini_wbc(tmp_path_factory) -> str:
    """Ten images of different sizes with the classes ``cell`` and ``nucleus``, 4 of 6 unlabeled."""
    root = tmp_path_factory.mktemp('data') / 'wbc'
    rng = np.random.default_rng(0)
    for split, count in (('train', 6), ('val', 2), ('test', 2)):
        for folder in ('images', 'annotations/cell', 'annotations/nucleus'):
            (root / folder.replace('/', f'/{split}/', 1)).mkdir(parents=True, exist_ok=True)
        (root / 'images' / split).mkdir(exist_ok=True)
        for i in range(count):
            size = (36 + 4 * i, 44 - 2 * i)
            image = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
            cv2.imwrite(str(root / 'images' / split / f'{i}.png'), image)
            for name in ('cell', 'nucleus'):
                label = rng.choice(np.uint8([0, 255]), size)
                cv2.imwrite(str(root / 'annotations' / split / name / f'{i}.png'), label)
    (root / 'splits' / '1_10').mkdir(parents=True)
    (root / 'splits' / '1_10' / 'labeled.txt').write_text('0\n1\n')
    (root / 'splits' / '1_10' / 'unlabeled.txt').write_text('2\n3\n4\n5\n')
    return str(root)


@pytest.fixture(scope='session')
def mini_own(tmp_path_factory) -> str:
    """The layout of the README for own images: 8 images, 3 of them annotated."""
    root = tmp_path_factory.mktemp('data') / 'mine'
    rng = np.random.default_rng(0)
    for folder in ('images', 'annotations'):
        (root / folder).mkdir(parents=True)
    for i in range(8):
        image = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(root / 'images' / f'{i}.jpg'), image)
        if i < 3:
            label = rng.integers(0, 2, (48, 64), dtype=np.uint8)
            cv2.imwrite(str(root / 'annotations' / f'{i}.png'), label)
    (root / 'labeled.txt').write_text('0\n1\n')
    (root / 'val.txt').write_text('2\n')
    (root / 'unlabeled.txt').write_text('3\n4\n5\n6\n7\n')
    return str(root)


@pytest.fixture(scope='session')
def mini_shapes(tmp_path_factory) -> dict:
    """Arguments of a ShapesDataset with twelve small training images."""
    root = tmp_path_factory.mktemp('data') / 'shapes'
    return dict(data_root=str(root), num_train=12, num_labeled=4, num_val=2, size=32)
