# SPDX-License-Identifier: Apache-2.0
"""Pads images up to the crop size, and resizes them to multiples of a patch."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, Resize
from mmseg.registry import TRANSFORMS

from ...errors import UserError
from ...labels.spaces import IGNORE_INDEX
from .mask_loading import FIELD


@TRANSFORMS.register_module()
class ResizeToPatches(BaseTransform):
    """Resizes an image to the nearest multiple of a patch, for validation and test.

    UniMatch V2 (arXiv 2410.10777) evaluates so on Pascal VOC and ADE20K: each side x becomes
    ``int(x / patch + 0.5) * patch``, at least one patch; mmseg resizes the logits back. (mmseg's
    ``ResizeToMultiple`` rounds up.) Put it before ``LoadAnnotations``, which keeps its size.

    Args:
        patch (int): Pixels, such as 14.
    """

    def __init__(self, patch: int = 14):
        if patch < 1:
            raise UserError(f'ResizeToPatches.patch={patch} must be 1 or more.')
        self.patch = patch

    def transform(self, results: dict) -> dict:
        """Changes ``img`` (H, W, C) and ``img_shape``."""
        height, width = (
            max(int(side / self.patch + 0.5), 1) * self.patch for side in results['img'].shape[:2]
        )
        return Resize(scale=(width, height), keep_ratio=False)(results)


@TRANSFORMS.register_module()
class PadToSize(BaseTransform):
    """Pads an image that is smaller than a crop, on the right and below, and all its maps.

    The image gets black, as in UniMatch (the data preprocessor would pad after normalisation, with
    the mean colour), label maps 255, and an inconsistency mask 0. mmcv's ``Pad`` knows one map.
    Where there are maps, ``padding_map`` (H, W) uint8, 1 on the padding, goes with them through all
    that follows: in an annotation, 255 may also be void.

    Args:
        size (Sequence[int]): Height and width; what is larger stays.
    """

    def __init__(self, size):
        self.size = tuple(size)

    def transform(self, results: dict) -> dict:
        """Changes ``img``, ``img_shape`` and the maps of ``seg_fields``."""
        height, width = results['img'].shape[:2]
        missing = [
            max(want - have, 0) for want, have in zip(self.size, (height, width), strict=True)
        ]
        if not any(missing):
            return results
        if results.get('seg_fields') and 'padding_map' not in results:
            results['padding_map'] = np.zeros((height, width), np.uint8)
            results['seg_fields'].append('padding_map')
        values = dict.fromkeys(results.get('seg_fields', []), IGNORE_INDEX)
        values.update(img=0, padding_map=1)
        if FIELD in values:
            values[FIELD] = 0
        for key, value in values.items():
            if key in results:
                results[key] = _pad(results[key], missing, value)
        results['img_shape'] = results['img'].shape[:2]
        return results


def _pad(array: np.ndarray, missing: list[int], value: int) -> np.ndarray:
    below, right = missing
    if array.ndim == 2 or array.shape[2] <= 4:
        # a scalar would fill the first channel alone
        return cv2.copyMakeBorder(
            array, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(value,) * 4
        )
    return np.pad(array, ((0, below), (0, right), (0, 0)), constant_values=value)
