# SPDX-License-Identifier: Apache-2.0
"""Miniature data sets whose pixels say where they come from."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.structures import SegDataSample

from mmseg_im.datasets import SemiDataset

LOAD = dict(type='LoadImageFromFile')
WITHOUT_CHANGE = [dict(type='PackSemiInputs')]
BRIGHTNESS = [
    dict(type='ColorJitter', brightness=0.5, contrast=0, saturation=0, hue=0),
    dict(type='PackSemiInputs'),
]
PREPROCESSOR = dict(
    mean=[120.5, 110.5, 100.5], std=[60.0, 55.0, 50.0], bgr_to_rgb=True, size=(16, 20)
)


@pytest.fixture(autouse=True)
def mmseg_scope():
    """What the runner does with ``default_scope``; transforms are found by it."""
    init_default_scope('mmseg')


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def naming(*parts) -> str:
    """Regular expression of a message that holds these parts in this order."""
    return '.*'.join(re.escape(str(part)) for part in parts)


def label_of(sample: SegDataSample) -> np.ndarray:
    """Label map (H, W) of a sample."""
    return sample.gt_sem_seg.data[0].numpy()


def stem(sample: SegDataSample) -> str:
    """Name of the image of a sample."""
    return Path(sample.img_path).stem


class MiniCamVid:
    """Three labeled and five unlabeled images in CamVid's layout, as PNG, which is lossless.

    Blue is 8 x, green 8 y and red 8 times the image's number, so that every pixel of an augmented
    image tells its origin; :meth:`label_of` computes the true label from that alone.
    """

    names = dict(labeled=('l0', 'l1', 'l2'), unlabeled=('u0', 'u1', 'u2', 'u3', 'u4'))
    geometry = (
        dict(type='RandomCrop', crop_size=(8, 10)),
        dict(type='RandomFlip', prob=0.5),
    )

    def __init__(self, root: Path, size: tuple[int, int]):
        self.root = root
        for number, name in enumerate(sum(self.names.values(), ())):
            y, x = np.indices(size)
            image = 8 * np.stack([x, y, np.full(size, number)], -1).astype(np.uint8)
            write(self.image(name), image)
            write(self.annotation(name), self.label_of(torch.from_numpy(image).movedim(-1, 0)))
        for kind, names in self.names.items():
            self.write_list(kind, names)

    @staticmethod
    def label_of(image: torch.Tensor) -> np.ndarray:
        """True label (H, W) uint8 of an image (3, H, W): 0 to 10, and 255."""
        x, y, number = image.numpy().astype(int) // 8
        label = (x + 3 * y + 2 * number) % 12
        return np.where(label == 11, 255, label).astype(np.uint8)

    def image(self, name: str) -> Path:
        return self.root / 'images' / 'train' / f'{name}.png'

    def annotation(self, name: str) -> Path:
        return self.root / 'annotations' / 'train' / f'{name}.png'

    def list_file(self, kind: str) -> Path:
        return self.root / 'splits' / f'{kind}.txt'

    def write_list(self, kind: str, names) -> None:
        self.list_file(kind).parent.mkdir(exist_ok=True)
        self.list_file(kind).write_text(''.join(f'{name}\n' for name in names))

    def pipeline(self, kind: str, geometry=None, strong=WITHOUT_CHANGE, annotations=None) -> list:
        """The pipelines of the project's configs, by default without photometric transforms."""
        geometry = self.geometry if geometry is None else geometry
        if kind == 'labeled':
            return [LOAD, dict(type='LoadAnnotations'), *geometry, dict(type='PackSegInputs')]
        return [
            LOAD,
            dict(type='LoadEmptyAnnotations'),
            *(annotations or []),
            *geometry,
            dict(type='MultiView', views=dict(weak=WITHOUT_CHANGE, strong=strong)),
        ]

    def hidden(self) -> dict:
        """Config of the transform that loads the annotations of unlabeled images."""
        return dict(
            type='LoadHiddenAnnotations',
            img_dir=str(self.root / 'images' / 'train'),
            seg_map_dir=str(self.root / 'annotations' / 'train'),
        )

    def cfg(self, kind: str, **changes) -> dict:
        prefix = dict(img_path='images/train')
        if kind == 'labeled':
            prefix['seg_map_path'] = 'annotations/train'
        cfg = dict(
            type='CamVidDataset',
            img_suffix='.png',
            data_root=str(self.root),
            ann_file=f'splits/{kind}.txt',
            data_prefix=prefix,
            pipeline=self.pipeline(kind),
        )
        return cfg | changes


class MiniCells:
    """Four images with the overlapping classes ``cell`` and ``nucleus``, one PNG for each."""

    names = ('a', 'b', 'c', 'd')
    classes = ('cell', 'nucleus')

    def __init__(self, root: Path, size: tuple[int, int]):
        self.root = root
        rng = np.random.default_rng(0)
        for name in self.names:
            write(root / 'images' / f'{name}.png', rng.integers(0, 256, (*size, 3), np.uint8))
            for cls in self.classes:
                # whatever is not zero means present, as masks of 0 and 1 are as common as 255
                write(self.annotation(cls, name), rng.choice(np.uint8([0, 0, 1, 128, 255]), size))

    def annotation(self, cls: str, name: str) -> Path:
        return self.root / 'annotations' / cls / f'{name}.png'

    def present(self, name: str, classes=classes) -> np.ndarray:
        """(K, H, W) bool, read without the package."""
        return np.stack([cv2.imread(str(self.annotation(c, name)), 0) > 0 for c in classes])

    def cfg(self, geometry=(), classes=classes) -> dict:
        return dict(
            type='MultiLabelDataset',
            img_suffix='.png',
            data_root=str(self.root),
            data_prefix=dict(img_path='images', seg_map_path='annotations'),
            metainfo=dict(classes=classes),
            pipeline=[
                LOAD,
                dict(type='LoadMultiLabelAnnotations'),
                *geometry,
                dict(type='PackSemiInputs'),
            ],
        )


@pytest.fixture
def mini(tmp_path) -> MiniCamVid:
    return MiniCamVid(tmp_path / 'camvid', (12, 16))


@pytest.fixture
def cells(tmp_path) -> MiniCells:
    return MiniCells(tmp_path / 'cells', (9, 14))


@pytest.fixture
def content():
    """Turns samples into what can be compared with ``==``."""

    def of_sample(sample: SegDataSample) -> dict:
        maps = {key: value.data.tolist() for key, value in sample.items()}
        return maps | {key: sample.metainfo.get(key) for key in ('img_path', 'img_shape', 'flip')}

    def content(sample: dict) -> dict:
        if isinstance(sample['inputs'], dict):
            views = {
                name: dict(inputs=image, data_samples=sample['data_samples'][name])
                for name, image in sample['inputs'].items()
            }
            return {name: content(view) for name, view in views.items()}
        return dict(image=sample['inputs'].tolist(), **of_sample(sample['data_samples']))

    return content


@pytest.fixture
def semi(mini):
    """Builds a ``SemiDataset``; other arguments are those of the unlabeled pipeline."""

    def semi(geometry=None, **kwargs) -> SemiDataset:
        return SemiDataset(
            mini.cfg('labeled', pipeline=mini.pipeline('labeled', geometry)),
            mini.cfg('unlabeled', pipeline=mini.pipeline('unlabeled', geometry, **kwargs)),
        )

    return semi
