# SPDX-License-Identifier: Apache-2.0
"""Draws the shapes of one image into a map of class ids, and finds classes that overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...errors import UserError
from ...labels.spaces import IGNORE_INDEX
from .extents import share_inside
from .label_entries import Shape


@dataclass(frozen=True)
class Drawing:
    """What the shapes of an image cover.

    Attributes:
        ids (np.ndarray): (H, W) uint8: of shapes one over another, the last; 0 where there is
            none, 255 = ignored.
        layers (dict[int, np.ndarray]): (H, W) bool for each class but 0 that was drawn.
        overlaps (dict[tuple[int, int], int]): Pixels that two classes share, where they do.
        thin (list[str]): Places of shapes that lie between the centres of pixels and have none.
        outside (list[str]): Places of shapes of which less than half lies in the image.
    """

    ids: np.ndarray
    layers: dict[int, np.ndarray]
    overlaps: dict[tuple[int, int], int]
    thin: list[str]
    outside: list[str]


def draw_shapes(shapes: Sequence[Shape], ids: Mapping[str, int], size: tuple[int, int]) -> Drawing:
    """Draws one shape after another.

    Args:
        shapes (Sequence[Shape]): Of one image.
        ids (Mapping[str, int]): Of each label: 0 is background, which clears what lies below it;
            255 is ignored.
        size (tuple[int, int]): Height and width.

    Raises:
        UserError: If one cannot be drawn, lies outside of the image, or none has a pixel; it
            begins with the shape's place in its file.
    """
    label = np.zeros(size, np.uint8)
    thin: list[str] = []
    outside: list[str] = []
    layers: dict[int, np.ndarray] = {}
    for shape in shapes:
        try:
            pixels = shape.draw(*size)
            share = _share_inside(shape, pixels)
        except UserError as error:
            raise UserError(f'{shape.where} {error}') from error
        if not pixels.any():
            thin.append(shape.where)
        elif share < 0.5:
            outside.append(shape.where)
        value = ids[shape.label]
        label[pixels] = value
        if value == 0:
            for layer in layers.values():
                layer &= ~pixels
        elif value != IGNORE_INDEX:
            layers[value] = layers[value] | pixels if value in layers else pixels
    if thin and len(thin) == len(shapes):  # points from 0 to 1 in place of pixels, for instance
        others = ' and all others have' if thin[1:] else ' has'
        raise UserError(f'{thin[0]}{others} no pixel: thinner than one')
    return Drawing(label, layers, _overlaps(layers), thin, outside)


def _share_inside(shape: Shape, pixels: np.ndarray) -> float:
    """The share of a shape that lies in its image; a UserError if none does."""
    height, width = pixels.shape
    box = shape.extent()
    if box is None:
        if not pixels.any():
            raise UserError('has a mask without a pixel')
        return 1.0
    share = share_inside(box, height, width)
    if share == 0 and not pixels.any():
        left, top, right, bottom = box
        raise UserError(
            f'lies outside of the image: x {left:g} to {right:g}, y {top:g} to {bottom:g} in '
            f'{height}x{width} (height x width)'
        )
    return share


def _overlaps(layers: Mapping[int, np.ndarray]) -> dict[tuple[int, int], int]:
    if len(layers) < 2:
        return {}
    stack = np.stack([*layers.values()])
    shared = stack[:, stack.sum(axis=0) > 1]  # few pixels, so that many classes are no matter
    pairs = combinations(zip(layers, shared, strict=True), 2)
    counts = {(min(a, b), max(a, b)): int((x & y).sum()) for (a, x), (b, y) in pairs}
    return {pair: count for pair, count in sorted(counts.items()) if count}
