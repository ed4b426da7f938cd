# SPDX-License-Identifier: Apache-2.0
"""Random photometric operations of iMAS and AugSeg."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from ...errors import UserError
from .image_kinds import check_kind
from .photometric import shift_hue


def _enhance(kind: type) -> Callable:
    """Blends with a degenerate image: factor 1 is the image itself, lower ones are weaker."""
    return lambda img, u: kind(img).enhance(u)


def _hue(img: Image.Image, u: float) -> Image.Image:
    array = np.asarray(img)[..., ::-1]
    return Image.fromarray(shift_hue(np.ascontiguousarray(array), u)[..., ::-1].copy())


OPERATIONS: dict[str, tuple[Callable, Callable[[float], float] | None]] = {
    # name: operation, and its strength as a function of u, uniform in [0, 1)
    'identity': (lambda img, s: img, lambda u: u),
    'autocontrast': (lambda img, s: ImageOps.autocontrast(img), lambda u: u),
    'equalize': (lambda img, s: ImageOps.equalize(img), lambda u: u),
    'invert': (lambda img, s: ImageOps.invert(img), lambda u: u),
    'blur': (lambda img, s: img.filter(ImageFilter.GaussianBlur(s)), lambda u: 0.1 + 1.9 * u),
    'contrast': (_enhance(ImageEnhance.Contrast), None),
    'brightness': (_enhance(ImageEnhance.Brightness), None),
    'color': (_enhance(ImageEnhance.Color), None),
    'sharpness': (_enhance(ImageEnhance.Sharpness), None),
    'posterize': (
        lambda img, s: ImageOps.posterize(img, int(s)),
        lambda u: 8 - max(1, math.ceil(4 * u)),  # 4 to 7 bits
    ),
    'solarize': (lambda img, s: ImageOps.solarize(img, int(s)), lambda u: 1 + 255 * u),
    'hue': (_hue, lambda u: u - 0.5),
}


@TRANSFORMS.register_module()
class RandomOperations(BaseTransform):
    """Applies a few operations, drawn with replacement, with random strengths.

    Sources: iMAS (Zhao et al., CVPR 2023): two of all twelve, enhancing factors in 0.1 to 0.95;
    AugSeg (Zhao et al., CVPR 2023): one to three of all but ``invert``, factors in 0.05 to 0.95.
    Factors are never above 1, as published: images become flatter, darker, grayer or softer.

    Args:
        num (Sequence[int]): Least and largest number of operations.
        factors (Sequence[float]): Range of the enhancing factors.
        exclude (Sequence[str]): Operations that are not drawn.

    Raises:
        UserError: If an option is unknown or out of range.
    """

    def __init__(
        self,
        num: Sequence[int] = (2, 2),
        factors: Sequence[float] = (0.1, 0.95),
        exclude: Sequence[str] = (),
    ):
        unknown = sorted(set(exclude) - OPERATIONS.keys())
        if unknown:
            raise UserError(
                f'RandomOperations.exclude: {unknown[0]!r} is none of {", ".join(OPERATIONS)}.'
            )
        if not 1 <= num[0] <= num[1] or not 0 <= factors[0] <= factors[1] <= 1:
            raise UserError(
                f'RandomOperations: num={num} must be a range of 1 or more, and factors={factors} '
                'one within [0, 1].'
            )
        self.num = tuple(num)
        self.factors = tuple(factors)
        self.names = [name for name in OPERATIONS if name not in exclude]

    @cache_randomness
    def _draw(self) -> list[tuple[str, float]]:
        count = np.random.randint(self.num[0], self.num[1] + 1)
        return [(str(np.random.choice(self.names)), np.random.rand()) for _ in range(count)]

    def transform(self, results: dict) -> dict:
        """Changes ``img`` (H, W, 3) uint8, BGR; a UserError refuses others."""
        check_kind(results['img'], 'RandomOperations', colour=True)
        image = Image.fromarray(results['img'][..., ::-1].copy())
        low, high = self.factors
        for name, u in self._draw():
            operation, strength = OPERATIONS[name]
            image = operation(image, low + (high - low) * u if strength is None else strength(u))
        results['img'] = np.asarray(image)[..., ::-1].copy()
        return results
