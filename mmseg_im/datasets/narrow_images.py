# SPDX-License-Identifier: Apache-2.0
"""Images so narrow that a resize which keeps their ratio leaves no pixel of the shorter side."""

from collections.abc import Iterable
from typing import Any

from mmcv.image.geometric import rescale_size
from mmcv.transforms import RandomChoiceResize, RandomResize, Resize

from ..errors import UserError

Scale = float | tuple[int, int]


def smallest_scales(transforms: Iterable[Any]) -> tuple[Scale, ...]:
    """Returns to what the transforms of a pipeline bring images at least, keeping their ratio.

    Args:
        transforms (Iterable): Also nested ones, see :func:`~.nested_datasets.transforms_of`.

    Returns:
        tuple: Factors, or sizes (width, height) within which an image is brought.
    """
    found: list[Scale] = []
    for step in transforms:
        if isinstance(step, Resize) and step.keep_ratio:
            found += [tuple(step.scale)] if step.scale else _factors(step.scale_factor)
        elif isinstance(step, RandomResize) and getattr(step.resize, 'keep_ratio', False):
            several = step.scale if isinstance(step.scale[0], tuple | list) else [step.scale]
            least = step.ratio_range[0] if step.ratio_range else 1
            found += [(int(width * least), int(height * least)) for width, height in several]
        elif isinstance(step, RandomChoiceResize) and getattr(step.resize, 'keep_ratio', False):
            found += [s for s in step.scales if isinstance(s, float)]
            found += [tuple(s) for s in step.scales if isinstance(s, tuple | list)]
    return tuple(found)


def _factors(factor: float | tuple[float, float] | None) -> list[float]:
    return [] if factor is None else [factor if isinstance(factor, int | float) else min(factor)]


def vanishes(size: tuple[int, ...], scale: Scale) -> bool:
    """Whether no pixel of a side is left of an image of a height and width."""
    return 0 in rescale_size((size[1], size[0]), scale)


def check_not_narrow(path: str, size: tuple[int, ...], scales: Iterable[Scale], where: str) -> None:
    """Raises a UserError for an image of which a pipeline would leave nothing.

    Args:
        path (str): The image.
        size (tuple[int, ...]): Its height and width.
        scales (Iterable): See :func:`smallest_scales`.
        where (str): Config key of the data set, for the message.
    """
    scale = next((scale for scale in scales if vanishes(size, scale)), None)
    if scale is not None:
        to = f'{scale[0]}x{scale[1]}' if isinstance(scale, tuple) else f'{scale:g} of its size'
        raise UserError(
            f'{where}: {path} is {size[1]}x{size[0]} pixels (width x height), so narrow that a '
            f'resize to {to} leaves no pixel of one side. Cut it into parts, or take its name out '
            'of the list.'
        )
