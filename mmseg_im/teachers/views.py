# SPDX-License-Identifier: Apache-2.0
"""Views of a teacher: the same network looks at a flipped or scaled image and votes again."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from ..errors import UserError

VIEWS = ('identity', 'hflip', 'scale0.75')
"""tuple[str, ...]: Of a network that votes alone, and would agree with itself."""


class View(NamedTuple):
    """A geometric change of the input that is undone on the logits.

    Attributes:
        flip (tuple[int, ...]): Dimensions of (N, C, H, W) to flip.
        scale (float): Factor of height and width.
        size_divisor (int): Scaled sizes are rounded to a multiple of this.
    """

    flip: tuple[int, ...] = ()
    scale: float = 1.0
    size_divisor: int = 1

    def apply(self, image: Tensor) -> Tensor:
        """Changes a batch (N, 3, H, W)."""
        if self.scale != 1.0:
            size = self.scaled(image.shape[2:])
            image = F.interpolate(image, size, mode='bilinear', align_corners=False)
        return image.flip(self.flip) if self.flip else image

    def scaled(self, size: Sequence[int]) -> tuple[int, ...]:
        """Height and width of this view of an image."""
        if self.scale == 1.0:
            return tuple(size)
        divisor = self.size_divisor
        return tuple(max(round(side * self.scale / divisor), 1) * divisor for side in size)

    def undo(self, logits: Tensor, size: Sequence[int]) -> Tensor:
        """Takes logits (N, C, h, w) back to the original geometry (N, C, *size)."""
        if self.flip:
            logits = logits.flip(self.flip)
        if logits.shape[2:] != tuple(size):
            logits = F.interpolate(logits, list(size), mode='bilinear', align_corners=False)
        return logits


def parse_view(name: str, size_divisor: int = 1) -> View:
    """Reads ``'identity'``, ``'hflip'``, ``'vflip'`` or ``'scale<factor>'`` (``'scale0.75'``).

    Raises:
        UserError: If the name is none of these.
    """
    if name in ('identity', 'hflip', 'vflip'):
        return View(flip=dict(identity=(), hflip=(3,), vflip=(2,))[name])
    factor = re.fullmatch(r'scale(\d*\.?\d+)', str(name))
    if factor is None or float(factor[1]) == 0:
        raise UserError(
            f"views: {name!r} is no view; there are 'identity', 'hflip', 'vflip' and "
            "'scale<factor>', such as 'scale0.75'."
        )
    return View(scale=float(factor[1]), size_divisor=size_divisor)
