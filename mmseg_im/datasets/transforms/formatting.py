# SPDX-License-Identifier: Apache-2.0
"""Packs label maps of overlapping classes, and hidden annotations."""

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackSemiInputs(PackSegInputs):
    """``PackSegInputs`` that also takes (H, W, K) label maps and hidden annotations.

    ``gt_sem_seg`` becomes (1, H, W), or (K, H, W) for K overlapping classes; ``hidden_seg_map``,
    if there is one, becomes the sample's field ``hidden_sem_seg``, likewise; ``padding_map``
    becomes ``padding`` (1, H, W), not 0 on padding.
    """

    def transform(self, results: dict) -> dict:
        label = results.get('gt_seg_map')
        if label is not None and label.ndim == 3:
            results = {key: value for key, value in results.items() if key != 'gt_seg_map'}
            packed = super().transform(results)
            packed['data_samples'].gt_sem_seg = _pixel_data(label)
        else:
            packed = super().transform(results)
        if 'hidden_seg_map' in results:
            hidden = _pixel_data(results['hidden_seg_map'])
            packed['data_samples'].set_data(dict(hidden_sem_seg=hidden))
        if 'padding_map' in results:
            padding = _pixel_data(results['padding_map'])
            packed['data_samples'].set_data(dict(padding=padding))
        return packed


def _pixel_data(label: np.ndarray) -> PixelData:
    label = label[None] if label.ndim == 2 else label.transpose(2, 0, 1)
    return PixelData(data=torch.from_numpy(np.ascontiguousarray(label, dtype=np.int64)))
