# SPDX-License-Identifier: Apache-2.0
"""How much of a shape lies in its image, by the box around its points."""

from collections.abc import Iterable, Sequence

Box = tuple[float, float, float, float]
"""tuple[float, float, float, float]: Left, top, right and bottom."""


def box_around(points: Iterable[Sequence[float]], margin: float = 0.0) -> Box:
    """Returns the box around points.

    Args:
        points (Iterable[Sequence[float]]): Pairs of x and y, at least one.
        margin (float): Pixels by which the shape is larger than its points.
    """
    xs, ys = zip(*points, strict=True)
    return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin


def share_inside(box: Box, height: int, width: int) -> float:
    """Returns the share of a box that lies in an image, from 0 to 1.

    A box of no width or height counts by its other side; one that only touches the rim is outside.
    """
    left, top, right, bottom = box
    return _share(left, right, width) * _share(top, bottom, height)


def _share(low: float, high: float, length: int) -> float:
    if high <= low:
        return float(0 <= low <= length)
    return max(0.0, min(high, length) - max(low, 0)) / (high - low)
