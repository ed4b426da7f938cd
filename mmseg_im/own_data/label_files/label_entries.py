# SPDX-License-Identifier: Apache-2.0
"""What label files of every format hold: images, and shapes with a class that can be drawn."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import UserError
from .extents import Box

FAR = 10  # times an image's longer side, beyond which no tool puts a point


class Shape(NamedTuple):
    """One object as a tool stores it.

    Attributes:
        label (str): Its class; empty for pixels that are to be ignored.
        where (str): Its place in the file, for messages.
        draw (Callable): Takes height and width and returns its pixels, (H, W) bool. Raises a
            UserError, which begins with what is wrong, if it cannot be drawn.
        extent (Callable): Returns the box around it, also where it lies outside of the image; None
            if it is stored as pixels. Called only after ``draw``, which checks its points.
    """

    label: str
    where: str
    draw: Callable[[int, int], np.ndarray]
    extent: Callable[[], Box | None] = lambda: None


@dataclass(frozen=True)
class Entry:
    """What a label file says of one image.

    Attributes:
        file (Path): The label file.
        image (str): File name or path of the image, as the tool wrote it.
        size (tuple[int, int], optional): Height and width, if stated.
        shapes (Sequence[Shape]): In the order in which the tool draws them.
        annotated (bool): Whether somebody has looked at the image, also if there is no shape.
    """

    file: Path
    image: str
    size: tuple[int, int] | None
    shapes: Sequence[Shape]
    annotated: bool


@dataclass(frozen=True)
class LabelFile:
    """A label file that was read.

    Attributes:
        entries (list[Entry]): One for each image.
        classes (list[str]): Those that it lists, in its order; empty if its format has no list.
        without_pixels (Counter): Number of things in it that have no pixels, by their kind.
    """

    entries: list[Entry]
    classes: list[str] = field(default_factory=list)
    without_pixels: Counter = field(default_factory=Counter)


def checked_points(
    points: Sequence[Sequence[float]], least: int, height: int, width: int, most: int | None = None
) -> list[tuple[float, float]]:
    """Returns points as pairs of x and y.

    Args:
        points (Sequence[Sequence[float]]): Finite numbers.
        least (int): The fewest that make the shape.
        height, width (int): Of the image.
        most (int, optional): The most; None: any number.

    Raises:
        UserError: If there are fewer or more, or one is so far away that drawing would take a
            machine's memory.
    """
    if len(points) < least or (most is not None and len(points) > most):
        number = f'{least}' if most == least else f'{least} or more'
        raise UserError(f'has {len(points)} of the {number} points that make it')
    far = FAR * max(height, width)
    pairs = [(x, y) for x, y in points]
    for x, y in pairs:
        if not (-far <= x <= far and -far <= y <= far):
            raise UserError(f'has a point at ({x:g}, {y:g}), far outside of {height}x{width}')
    return pairs
