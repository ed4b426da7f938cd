# SPDX-License-Identifier: Apache-2.0
"""Sliding windows: where they lie, and that overlapping logits are averaged."""

import numpy as np
import pytest
import torch
from mmengine import ConfigDict
from mmseg.registry import MODELS

from tests.conftest import tiny_model


def starts(length: int, crop: int, stride: int) -> list[int]:
    """Windows from 0 in steps of the stride, the last one moved back inside (methods of the field:
    U2PL and UniMatch V2)."""
    count = max(length - crop + stride - 1, 0) // stride + 1
    return [min(i * stride, max(length - crop, 0)) for i in range(count)]


PUBLISHED = [
    # crop, rows and columns of an image of 1024 x 2048
    (769, [0, 255], [0, 513, 1026, 1279]),  # U2PL
    (798, [0, 226], [0, 532, 1064, 1250]),  # UniMatch V2
]


def build(crop: int):
    cfg = tiny_model()
    stride = int(crop * 2 / 3) + (crop == 769)  # U2PL rounds up
    cfg['test_cfg'] = ConfigDict(mode='slide', crop_size=(crop, crop), stride=(stride, stride))
    return MODELS.build(cfg).eval()


@pytest.mark.parametrize(('crop', 'rows', 'columns'), PUBLISHED)
def test_windows_lie_where_they_were_published(crop, rows, columns, monkeypatch):
    model = build(crop)
    y, x = torch.meshgrid(torch.arange(1024.0), torch.arange(2048.0), indexing='ij')
    image = torch.stack([y, x, torch.zeros_like(x)])[None]
    seen = []

    def encode_decode(window, metas):
        assert window.shape[2:] == (crop, crop)
        seen.append(tuple(int(v) for v in window[0, :2, 0, 0]))
        return torch.zeros(1, 4, *window.shape[2:])

    monkeypatch.setattr(model, 'encode_decode', encode_decode)
    model.slide_inference(image, [dict(ori_shape=(1024, 2048))])
    assert seen == [(r, c) for r in rows for c in columns]


@pytest.mark.parametrize('size', [(30, 47), (20, 20), (16, 61), (21, 20)])
def test_overlapping_logits_are_averaged(size):
    cfg = tiny_model()
    crop, stride = 20, 13
    cfg['test_cfg'] = ConfigDict(mode='slide', crop_size=(crop, crop), stride=(stride, stride))
    model = MODELS.build(cfg).eval()
    image = torch.randn(1, 3, *size)
    with torch.no_grad():
        found = model.slide_inference(image, [dict(ori_shape=size, img_shape=size)])
        total = np.zeros((4, *size))
        covered = np.zeros(size)
        for r in starts(size[0], crop, stride):
            for c in starts(size[1], crop, stride):
                window = image[:, :, r : r + crop, c : c + crop]
                logits = model.encode_decode(window, [dict(img_shape=window.shape[2:])])
                total[:, r : r + crop, c : c + crop] += logits[0].double().numpy()
                covered[r : r + crop, c : c + crop] += 1
    assert covered.min() >= 1
    np.testing.assert_allclose(found[0].numpy(), total / covered, rtol=1e-5, atol=1e-6)
