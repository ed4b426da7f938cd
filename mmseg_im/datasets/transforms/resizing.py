# SPDX-License-Identifier: Apache-2.0
"""Resizing for networks that see an image in patches."""

from mmcv.transforms import BaseTransform, Resize
from mmseg.registry import TRANSFORMS

from ...errors import UserError


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
        """Changes ``img`` (H, W, 3) uint8 and ``img_shape``."""
        height, width = (
            max(int(side / self.patch + 0.5), 1) * self.patch for side in results['img'].shape[:2]
        )
        return Resize(scale=(width, height), keep_ratio=False)(results)
