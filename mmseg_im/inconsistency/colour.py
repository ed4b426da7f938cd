# SPDX-License-Identifier: Apache-2.0
"""The colour with which masked pixels are painted: checked, and normalised as images are."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError

LARGEST = 65535  # of images with 16 bits


def check_fill(fill: float | Sequence[float] | str) -> tuple[float, ...] | None:
    """Returns the raw colour as a tuple, None for ``'mean'``; raises a UserError otherwise."""
    if fill == 'mean':
        return None
    colour: tuple[Any, ...] = (fill,) if isinstance(fill, int | float) else tuple(fill)
    if not colour or not all(
        isinstance(value, int | float) and 0 <= value <= LARGEST for value in colour
    ):
        raise UserError(
            f"fill={fill!r} must be 'mean', one raw value or a raw value for each channel, in "
            f'0..255, or in 0..{LARGEST} for images of 16 bits.'
        )
    return colour


def normalised_fill(fill: Sequence[float] | None, mean: Tensor, std: Tensor) -> Tensor:
    """Converts a raw colour to the range of normalised images.

    Args:
        fill (Sequence[float], optional): From :func:`check_fill`; None is the mean.
        mean (Tensor): (C,) or (1,), what the data preprocessor subtracts.
        std (Tensor): (C,) or (1,), what it divides by.

    Returns:
        Tensor: (C,) or (1,) float.

    Raises:
        UserError: If the colour has another number of channels, or is brighter than images of
            such a mean can be.
    """
    if fill is None:
        return torch.zeros_like(mean)
    shown = fill[0] if len(fill) == 1 else list(fill)
    if len(mean) > 1 and len(fill) not in (1, len(mean)):
        raise UserError(
            f'model.semi.im.fill={shown} has {len(fill)} values, and images have {len(mean)} '
            'channels, by model.data_preprocessor.mean. Give one value, one for each channel, or '
            "'mean'."
        )
    if max(fill) > 255 >= mean.max() > 0:
        raise UserError(
            f'model.semi.im.fill={shown} must lie in 0..255, as model.data_preprocessor.mean='
            f'{mean.tolist()} is that of images of 8 bits.'
        )
    return (torch.tensor(fill, dtype=mean.dtype) - mean) / std
