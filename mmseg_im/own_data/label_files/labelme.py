# SPDX-License-Identifier: Apache-2.0
"""Reads LabelMe JSON, one file for each image, and draws shapes as LabelMe does."""

import base64
import io
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ...errors import UserError
from ...files.atomic import read_json
from ...files.image_size import check_size
from .extents import Box, box_around
from .label_entries import Entry, LabelFile, Shape, checked_points

CONTENT = {
    'shapes': [
        {'label': str, 'points': [[float]], 'shape_type?': (str, None), 'mask?': (str, None)}
    ],
    'imagePath': str,
    'imageHeight?': (int, None),
    'imageWidth?': (int, None),
}
LINE_WIDTH, POINT_SIZE = 10, 5  # pixels; of labelme.utils.shape_to_mask
POINTS = {  # fewest and most
    'polygon': (3, None), 'oriented_rectangle': (4, 4), 'rectangle': (2, 2), 'circle': (2, 2),
    'line': (2, 2), 'linestrip': (2, None), 'point': (1, 1), 'mask': (2, 2),
}  # fmt: skip


def read_labelme(path: Path) -> LabelFile:
    """Reads the file of one image. It was saved by somebody, so that no shape means background.

    Raises:
        UserError: If it is damaged.
    """
    content = read_json(path, CONTENT, 'Save it again in LabelMe.')
    height, width = content.get('imageHeight'), content.get('imageWidth')
    shapes = []
    for i, shape in enumerate(content['shapes']):
        kind = shape.get('shape_type') or 'polygon'
        draw = partial(shape_mask, kind, shape['points'], mask=shape.get('mask'))
        extent = partial(shape_extent, kind, shape['points'])
        where = f'shape {i} ({kind} {shape["label"]!r})'
        shapes.append(Shape(shape['label'], where, draw, extent))
    size = (height, width) if height and width else None
    return LabelFile([Entry(path, content['imagePath'], size, shapes, annotated=True)])


def shape_mask(
    kind: str, points: Sequence[Sequence[float]], height: int, width: int, mask: str | None = None
) -> np.ndarray:
    """Returns the pixels of a shape, (H, W) bool.

    Args:
        kind (str): Its ``shape_type``.
        points (Sequence[Sequence[float]]): Pairs of x and y.
        height, width (int): Of the image.
        mask (str, optional): Of a ``mask``: PNG in base64; its points are the corners.

    Raises:
        UserError: If the kind has no pixels in LabelMe, or its points do not make it.
    """
    if kind not in POINTS:
        raise UserError(f'is of a kind that has no pixels; there are {", ".join(POINTS)}')
    if any(len(point) != 2 for point in points):
        raise UserError('has a point that is no pair of x and y')
    least, most = POINTS[kind]
    xy = checked_points(points, least, height, width, most)
    if kind == 'mask':
        return _pasted(mask, xy, height, width)
    canvas = Image.new('L', (width, height))
    draw = ImageDraw.Draw(canvas)
    if kind in ('polygon', 'oriented_rectangle'):
        draw.polygon(xy, outline=1, fill=1)
    elif kind in ('line', 'linestrip'):
        draw.line(xy, fill=1, width=LINE_WIDTH)
    elif kind == 'rectangle':
        (left, right), (top, bottom) = (sorted(axis) for axis in zip(*xy, strict=True))
        draw.rectangle((left, top, right, bottom), outline=1, fill=1)
    else:  # a circle is its centre and a point on it
        x, y = xy[0]
        r = POINT_SIZE if kind == 'point' else math.dist(*xy)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=1, fill=1)
    return np.array(canvas, bool)


def shape_extent(kind: str, points: Sequence[Sequence[float]]) -> Box | None:
    """Returns the box around a shape that :func:`shape_mask` draws; None of a ``mask``."""
    if kind == 'mask':
        return None
    if kind == 'circle':
        return box_around(points[:1], math.dist(*points))
    margin = dict(point=POINT_SIZE, line=LINE_WIDTH / 2, linestrip=LINE_WIDTH / 2)
    return box_around(points, margin.get(kind, 0))


def _pasted(
    mask: str | None, corners: list[tuple[float, float]], height: int, width: int
) -> np.ndarray:
    """The pixels of a PNG whose first and last pixel lie at two corners, both included."""
    try:
        content = base64.b64decode(mask or '', validate=True)
        check_size(content, 'has a mask that')
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.array(image) > 0
    except UserError:
        raise
    except Exception as error:  # what a broken file raises depends on its kind
        raise UserError('has a mask that is no PNG in base64') from error
    (left, top), (right, bottom) = (map(int, corner) for corner in corners)
    whole = np.zeros((height, width), bool)
    inside = 0 <= left <= right < width and 0 <= top <= bottom < height
    if not inside or pixels.shape != (bottom - top + 1, right - left + 1):
        raise UserError(
            f'has a mask of the size {pixels.shape} for the corners ({left}, {top}) and ({right}, '
            f'{bottom}) in {height}x{width}'
        )
    whole[top : bottom + 1, left : right + 1] = pixels
    return whole
