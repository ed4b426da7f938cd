# SPDX-License-Identifier: Apache-2.0
"""Miniature data sets in the layouts of the project's configs."""

from pathlib import Path

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


@pytest.fixture(scope='session')
def mini_cityscapes(tmp_path_factory) -> str:
    """Cityscapes' folder tree with six images of 48x96, and one split of each family."""
    root = tmp_path_factory.mktemp('data') / 'cityscapes'
    names = {'train': [f'aachen/aachen_00000{i}_000019' for i in range(6)]}
    names['val'] = [f'munster/munster_00000{i}_000019' for i in range(2)]
    rng = np.random.default_rng(0)
    for subset, images in names.items():
        for name in images:
            label = rng.choice(np.uint8([*range(19), 255]), (48, 96))
            _write_image(root / 'leftImg8bit' / subset / f'{name}_leftImg8bit.png', rng, (48, 96))
            _write_file(root / 'gtFine' / subset / f'{name}_gtFine_labelTrainIds.png', label)
    for split in ('unimatch/1_16', 'u2pl/1_16', '1_10'):
        _write_split(root / 'splits' / split, names['train'])
    halves = root / 'splits' / 'halves'
    halves.mkdir()
    for subset, name in zip(('val', 'test'), names['val'], strict=True):
        (halves / f'{subset}.txt').write_text(name)
    return str(root)


@pytest.fixture(scope='session')
def mini_study(tmp_path_factory) -> dict[str, str]:
    """ISIC 2018, SUIM and HeLa as their converters write them, with images of 32x32."""
    rng = np.random.default_rng(0)
    roots = {}
    for name, classes, suffix in (
        ('isic2018', 2, '.jpg'),
        ('suim', 8, '.jpg'),
        ('hela', 2, '.png'),
    ):
        root = roots[name] = tmp_path_factory.mktemp('data') / name
        for subset, count in dict(train=6, val=2, test=2).items():
            for i in range(count):
                _write_image(root / 'images' / subset / f'{i}{suffix}', rng, (32, 32))
                folders = ('alive', 'dead', 'position') if name == 'hela' else ('',)
                for folder in folders:
                    label = rng.integers(0, classes, (32, 32), dtype=np.uint8)
                    path = root / 'annotations' / subset / folder / f'{i}.png'
                    _write_file(path, label * (255 if name == 'hela' else 1))
        _write_split(root / 'splits' / '1_10', [str(i) for i in range(6)])
    return {name: str(root) for name, root in roots.items()}


@pytest.fixture(scope='session')
def mini_voc(tmp_path_factory) -> str:
    """Pascal VOC's folder tree with eight images of 50x37."""
    root = tmp_path_factory.mktemp('data') / 'VOC2012'
    names = [f'2007_00000{i}' for i in range(8)]
    rng = np.random.default_rng(0)
    for name in names:
        label = rng.choice(np.uint8([*range(21), 255]), (37, 50))
        _write_image(root / 'JPEGImages' / f'{name}.jpg', rng, (37, 50))
        for folder in ('SegmentationClass', 'SegmentationClassAug'):
            _write_file(root / folder / f'{name}.png', label)
    (root / 'ImageSets' / 'Segmentation').mkdir(parents=True)
    (root / 'ImageSets' / 'Segmentation' / 'val.txt').write_text('\n'.join(names[:2]))
    _write_split(root / 'splits' / 'classic' / '92', names[2:])
    return str(root)


@pytest.fixture(scope='session')
def mini_ade20k(tmp_path_factory) -> str:
    """ADE20K's folder tree; in its annotations 0 is void and classes begin with 1."""
    root = tmp_path_factory.mktemp('data') / 'ADEChallengeData2016'
    rng = np.random.default_rng(0)
    for subset, names in dict(training=range(1, 7), validation=range(1, 3)).items():
        for i in names:
            name = f'ADE_{"train" if subset == "training" else "val"}_{i:08d}'
            label = rng.integers(0, 151, (40, 60), dtype=np.uint8)
            _write_image(root / 'images' / subset / f'{name}.jpg', rng, (40, 60))
            _write_file(root / 'annotations' / subset / f'{name}.png', label)
    names = [f'ADE_train_{i:08d}' for i in range(1, 7)]
    _write_split(root / 'splits' / '1_16', names)
    return str(root)


def _write_image(path: Path, rng: np.random.Generator, size: tuple[int, int]) -> None:
    _write_file(path, rng.integers(0, 255, (*size, 3), dtype=np.uint8))


def _write_file(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), array)


def _write_split(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    (folder / 'labeled.txt').write_text('\n'.join(names[:2]) + '\n')
    (folder / 'unlabeled.txt').write_text('\n'.join(names[2:]) + '\n')
