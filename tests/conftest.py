# SPDX-License-Identifier: Apache-2.0
"""Smallest real objects that many tests share."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_im  # noqa: F401  (registers everything)

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get('MMSEG_IM_DATA', ROOT.parent / 'shared' / 'data'))


@pytest.fixture(autouse=True)
def default_scope():
    """Names without a scope belong to mmseg, as in a Runner."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture
def camvid() -> str:
    """Folder of the real CamVid images."""
    if not (DATA / 'camvid').is_dir():
        pytest.skip(f'CamVid is not at {DATA / "camvid"}; set MMSEG_IM_DATA to its parent folder')
    return str(DATA / 'camvid')


def tiny_model(semi: dict | None = None, num_classes: int = 4, norm: str = 'BN', **head) -> dict:
    """Config of a segmentor with two convolution blocks."""
    norm_cfg = dict(type='GN', num_groups=2) if norm == 'GN' else dict(type=norm)
    return dict(
        type='SemiSegmentor',
        data_preprocessor=dict(
            type='MultiViewDataPreProcessor',
            mean=[120.0, 110.0, 100.0],
            std=[60.0, 55.0, 50.0],
            bgr_to_rgb=True,
            size=(32, 32),
        ),
        backbone=dict(
            type='UNet',
            base_channels=4,
            num_stages=2,
            strides=(1, 1),
            enc_num_convs=(1, 1),
            dec_num_convs=(1,),
            downsamples=(True,),
            enc_dilations=(1, 1),
            dec_dilations=(1,),
            norm_cfg=norm_cfg,
        ),
        decode_head=dict(
            type='FCNHead',
            in_channels=4,
            in_index=1,
            channels=4,
            num_convs=1,
            concat_input=False,
            dropout_ratio=0.0,
            num_classes=num_classes,
            norm_cfg=norm_cfg,
            **head,
        ),
        train_cfg=dict(),
        test_cfg=ConfigDict(mode='whole'),
        semi=semi,
    )


@pytest.fixture
def build_tiny():
    """Builds a tiny segmentor: ``build_tiny(semi, label_space='binary', out_channels=1)``."""

    def build(semi=None, label_space='multiclass', **kwargs):
        return MODELS.build(dict(tiny_model(semi, **kwargs), label_space=label_space))

    return build


def samples(label: torch.Tensor) -> list[SegDataSample]:
    """One data sample for each label map of (N, M, H, W)."""
    out = []
    for i, one in enumerate(label):
        sample = SegDataSample(metainfo=dict(img_path=f'image_{i}.png'))
        sample.gt_sem_seg = PixelData(data=one.long())
        out.append(sample)
    return out


@pytest.fixture
def batch():
    """Makes a normalised batch with views: ``batch(n, classes, maps, size)``."""

    def make(n=2, classes=4, maps=1, size=(32, 32), seed=0):
        rng = torch.Generator().manual_seed(seed)
        label = torch.randint(classes, (n, maps, *size), generator=rng)
        empty = torch.zeros(n, maps, *size, dtype=torch.long)
        weak = torch.randn(n, 3, *size, generator=rng)
        views = dict(
            sup=torch.randn(n, 3, *size, generator=rng),
            weak=weak,
            strong=weak + 0.1 * torch.randn(n, 3, *size, generator=rng),
        )
        return views, dict(sup=samples(label), weak=samples(empty), strong=samples(empty))

    return make
