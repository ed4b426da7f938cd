# SPDX-License-Identifier: Apache-2.0
"""Strong photometric augmentation with the parameters that the published methods use."""

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from ...errors import UserError
from .image_kinds import check_kind


def shift_hue(img: np.ndarray, factor: float) -> np.ndarray:
    """Shifts the hue in float32; OpenCV's 8-bit hue, which mmcv uses, errs by up to 13 levels.

    Args:
        img (np.ndarray): (H, W, 3) uint8, BGR.
        factor (float): Share of the colour circle, in [-0.5, 0.5].

    Returns:
        np.ndarray: (H, W, 3) uint8, BGR.
    """
    hsv: np.ndarray = cv2.cvtColor(img.astype(np.float32), cv2.COLOR_BGR2HSV)
    hsv[..., 0] += 360 * (factor % 1)  # the way back wraps values above 360, but none below 0
    return np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)).astype(np.uint8)


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """Changes brightness, contrast, saturation and hue in random order, as torchvision does.

    mmseg's ``PhotoMetricDistortion`` draws and orders differently. Wrap it in ``RandomApply`` for
    a probability. Factors are drawn from [max(0, 1 - v), 1 + v], the hue shift from [-hue, hue].

    Args:
        brightness (float): v, 0 or more.
        contrast (float): v, 0 or more.
        saturation (float): v, 0 or more.
        hue (float): Share of the colour circle, in [0, 0.5].
    """

    def __init__(self, brightness=0.5, contrast=0.5, saturation=0.5, hue=0.25):
        if min(brightness, contrast, saturation) < 0 or not 0 <= hue <= 0.5:
            raise UserError(
                'ColorJitter: brightness, contrast and saturation must be 0 or more and hue in '
                f'[0, 0.5], but they are {brightness}, {contrast}, {saturation}, {hue}.'
            )
        self.strengths = (brightness, contrast, saturation)
        self.hue = hue

    @cache_randomness
    def _draw(self) -> tuple[np.ndarray, list[float]]:
        factors = [np.random.uniform(max(0, 1 - v), 1 + v) for v in self.strengths]
        return np.random.permutation(4), [*factors, np.random.uniform(-self.hue, self.hue)]

    def transform(self, results: dict) -> dict:
        """Changes ``img`` (H, W, 3) uint8, BGR; a UserError refuses others."""
        check_kind(results['img'], 'ColorJitter', colour=True)
        adjust = (mmcv.adjust_brightness, mmcv.adjust_contrast, mmcv.adjust_color, shift_hue)
        order, factors = self._draw()
        for i in order:
            results['img'] = adjust[i](results['img'], factors[i]).astype(np.uint8)
        return results


@TRANSFORMS.register_module()
class GaussianBlur(BaseTransform):
    """Blurs with a Gaussian of random standard deviation.

    Args:
        sigma (tuple[float, float]): Range of the standard deviation in pixels.
    """

    def __init__(self, sigma: tuple[float, float] = (0.1, 2.0)):
        if not 0 < sigma[0] <= sigma[1]:
            raise UserError(f'GaussianBlur.sigma={sigma} must be a range of positive pixels.')
        self.sigma = sigma

    @cache_randomness
    def _draw(self) -> float:
        return np.random.uniform(*self.sigma)

    def transform(self, results: dict) -> dict:
        """Changes ``img`` (H, W, C) or (H, W) of any depth."""
        image = results['img']
        known = image.dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64)
        blurred = cv2.GaussianBlur(
            image if known else image.astype(np.float64), (0, 0), self._draw()
        )
        if not known:
            blurred = (blurred if image.dtype.kind == 'f' else np.rint(blurred)).astype(image.dtype)
        results['img'] = blurred.reshape(image.shape)  # of (H, W, 1), OpenCV makes (H, W)
        return results
