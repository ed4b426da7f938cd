# SPDX-License-Identifier: Apache-2.0
"""Noise of IM+ and of the noisy student in the original study."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from ...errors import UserError
from .image_kinds import check_kind


@TRANSFORMS.register_module()
class NoisyStudentDistortion(BaseTransform):
    """Changes contrast and brightness, then blurs, then adds uniform noise.

    Source: the schedule of IM+ (Vorndran and Roeck, arXiv 2401.14387). With probability 0.5 the
    image becomes ``a * image + b``; then it is blurred with a random kernel of side 1, 3, 5 or 7,
    at most ``1 + 2 * blur``; then every pixel and channel gets an integer from [-noise, noise).
    Values are cut at 0 and 255; the original takes the absolute value of negative ones.

    Args:
        contrast (float): a is drawn from [1 - contrast, 1 + contrast].
        brightness (float): b is drawn from [-brightness, brightness], in raw values.
        blur (int): Index of the largest kernel, 0 (none) to 3.
        noise (int): Largest noise in raw values, 0 = none.
    """

    def __init__(self, contrast: float = 0.1, brightness: float = 5, blur: int = 0, noise: int = 5):
        if not 0 <= contrast <= 1 or brightness < 0 or blur not in range(4) or noise < 0:
            raise UserError(
                'NoisyStudentDistortion: contrast must lie in [0, 1], brightness and noise be 0 or '
                f'more and blur 0 to 3, but they are {contrast}, {brightness}, {noise}, {blur}.'
            )
        self.contrast = contrast
        self.brightness = brightness
        self.blur = blur
        self.noise = noise

    @cache_randomness
    def _draw(self, shape: tuple[int, ...]) -> tuple[float, float, int, np.ndarray]:
        linear = np.random.rand() < 0.5
        a = np.random.uniform(1 - self.contrast, 1 + self.contrast) if linear else 1.0
        b = np.random.uniform(-self.brightness, self.brightness) if linear else 0.0
        noise = np.random.randint(-self.noise, max(self.noise, 1), shape, dtype=np.int16)
        return a, b, np.random.randint(self.blur + 1), noise

    def transform(self, results: dict) -> dict:
        """Changes ``img`` (H, W, C) or (H, W) uint8; a UserError refuses other depths."""
        img = results['img']
        check_kind(img, 'NoisyStudentDistortion', colour=False)
        a, b, blur, noise = self._draw(img.shape)
        img = np.clip(np.rint(a * img.astype(np.float32) + b), 0, 255).astype(np.uint8)
        if blur:
            img = cv2.GaussianBlur(img, (2 * blur + 1,) * 2, 0).reshape(img.shape)
        results['img'] = np.clip(img.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        return results
