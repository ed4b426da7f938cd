# SPDX-License-Identifier: Apache-2.0
"""Reads CVAT's own export of images (XML 1.1), and draws shapes as its export of masks does."""

import os
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

from ...errors import UserError
from ...files.atomic import MAX_JSON
from .coco_masks import check_pycocotools, polygon_mask, run_mask
from .extents import Box, box_around
from .label_entries import Entry, LabelFile, Shape

WITHOUT_PIXELS = ('polyline', 'points', 'cuboid', 'skeleton')  # left out by CVAT, too


def read_cvat(path: Path) -> LabelFile:
    """Reads one file.

    Images without a shape count as not looked at: the file lists all images of a task, whether
    they were or not. Shapes are drawn by ``z_order``, of equal ones in the order of the file.

    Raises:
        UserError: If it is damaged, or a shape has a label that it does not list.
    """
    check_pycocotools(path)
    classes: list[str] = []
    entries = []
    without: Counter = Counter()
    try:
        if os.path.getsize(path) > MAX_JSON:
            raise ValueError(f'it is larger than {MAX_JSON >> 20} MiB')
        for _, element in ElementTree.iterparse(path):
            is_label = element.tag == 'label' and element.find('parent') is None  # of a skeleton
            if is_label and (name := element.findtext('name')):
                classes.append(name)
            elif element.tag == 'image':
                without.update(one.tag for one in element if one.tag in WITHOUT_PIXELS)
                entries.append(_entry(path, element))
                element.clear()
    except (OSError, ValueError, ElementTree.ParseError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f'{path} is damaged ({error}). Export it again.') from error
    if classes:
        for entry in entries:
            for shape in entry.shapes:
                if shape.label not in classes:
                    raise UserError(
                        f'{path}: {shape.where} has the label {shape.label!r}, which is not among '
                        f'its labels ({", ".join(classes)}). Export it again.'
                    )
    return LabelFile(entries, list(dict.fromkeys(classes)), without)


def _entry(path: Path, image: ElementTree.Element) -> Entry:
    name = image.get('name')
    if not name:
        raise UserError(f'{path}: an image has no name. Export it again.')
    height, width = image.get('height'), image.get('width')
    size = (int(height), int(width)) if height and width else None
    ordered: list[tuple[int, Shape]] = []
    for i, element in enumerate(image):
        if element.tag not in DRAW:
            continue
        where = f'{element.tag} {i} of the image {name}'
        label = element.get('label')
        if not label:
            raise UserError(f'{path}: {where} has no label. Export it again.')
        values = dict(element.items())
        draw, extent = partial(_drawn, element.tag, values), partial(_extent, element.tag, values)
        ordered.append((int(element.get('z_order', '0')), Shape(label, where, draw, extent)))
    shapes = [shape for _, shape in sorted(ordered, key=lambda pair: pair[0])]
    return Entry(path, name, size, shapes, annotated=bool(shapes))


def _drawn(tag: str, values: Mapping[str, str], height: int, width: int) -> np.ndarray:
    try:
        return DRAW[tag](values, height, width)
    except KeyError as error:
        raise UserError(f'has no {error}') from error
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f'has a value that is no number ({error})') from error


def _extent(tag: str, values: Mapping[str, str]) -> Box | None:
    """The box around a shape; of an ellipse one that holds it however it is turned."""
    if tag == 'mask':
        return None
    if tag == 'ellipse':
        x, y, rx, ry = (float(values[key]) for key in ('cx', 'cy', 'rx', 'ry'))
        return box_around([(x, y)], max(rx, ry))
    points = _points(values) if tag == 'polygon' else _corners(values)
    return box_around(zip(points[::2], points[1::2], strict=True))


def _polygon(values: Mapping[str, str], height: int, width: int) -> np.ndarray:
    return polygon_mask([_points(values)], height, width)


def _points(values: Mapping[str, str]) -> list[float]:
    return [float(number) for pair in values['points'].split(';') for number in pair.split(',')]


def _box(values: Mapping[str, str], height: int, width: int) -> np.ndarray:
    return polygon_mask([_corners(values)], height, width)


def _corners(values: Mapping[str, str]) -> list[float]:
    """Four corners with two decimals, turned around their centre by ``rotation`` degrees."""
    left, top, right, bottom = (float(values[key]) for key in ('xtl', 'ytl', 'xbr', 'ybr'))
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    angle = np.radians(float(values.get('rotation', '0')))
    if angle:
        turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
        centre = np.array([left + right, top + bottom]) / 2
        corners = ((corners - centre) @ turn + centre).round(2)
    return corners.ravel().tolist()


def _ellipse(values: Mapping[str, str], height: int, width: int) -> np.ndarray:
    """On whole pixels, as CVAT draws it."""
    x, y, rx, ry = (round(float(values[key])) for key in ('cx', 'cy', 'rx', 'ry'))
    if min(rx, ry) < 0 or max(abs(x), abs(y), rx, ry) > 2**15:
        raise UserError(f'has its centre at ({x}, {y}) and the radii {rx} and {ry}')
    canvas = np.zeros((height, width), np.uint8)
    angle = float(values.get('rotation', '0'))
    cv2.ellipse(canvas, (x, y), (rx, ry), angle, 0, 360, 1, thickness=-1)
    return canvas > 0


def _mask(values: Mapping[str, str], height: int, width: int) -> np.ndarray:
    """Runs along the rows of a part of the image."""
    left, top, w, h = (int(values[key]) for key in ('left', 'top', 'width', 'height'))
    if min(left, top) < 0 or min(w, h) < 1 or left + w > width or top + h > height:
        raise UserError(
            f'covers {h}x{w} pixels from ({left}, {top}) on, outside of {height}x{width}'
        )
    whole = np.zeros((height, width), bool)
    counts = [int(number) for number in values['rle'].split(',')]
    whole[top : top + h, left : left + w] = run_mask(counts, h, w, columns=False)
    return whole


DRAW = {'polygon': _polygon, 'box': _box, 'ellipse': _ellipse, 'mask': _mask}
