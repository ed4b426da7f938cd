# SPDX-License-Identifier: Apache-2.0
"""Reads COCO JSON: polygons and run lengths of many images in one file."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UserError
from ...files.atomic import read_json
from ...files.json_shape import shape_error
from .coco_masks import check_pycocotools, counts_of, polygon_mask, run_mask
from .extents import Box, box_around
from .label_entries import Entry, LabelFile, Shape

ID = (int, str)
CONTENT = {
    'images': [{'id': ID, 'file_name': str, 'height?': (int, None), 'width?': (int, None)}],
    'annotations?': [{'id?': ID, 'image_id': ID, 'category_id': ID, 'iscrowd?': (int, bool, None)}],
    'categories': [{'id': ID, 'name': str}],
}
RUNS = {'size': [int], 'counts': (str, [int])}


def read_coco(path: Path) -> LabelFile:
    """Reads one file.

    Images without an annotation count as not looked at: the file lists them all, whether they were
    or not. Crowds (``iscrowd``) are pixels to ignore, under all other annotations; these come in
    the order of the file.

    Raises:
        UserError: If it is damaged, or an annotation names an image or a category that it does not
            list.
    """
    content = read_json(path, CONTENT, 'Export it again.')
    check_pycocotools(path)
    categories = {entry['id']: entry['name'] for entry in content['categories']}
    shapes: dict[Any, list[Shape]] = {image['id']: [] for image in content['images']}
    if len(shapes) < len(content['images']):
        raise UserError(f'{path}: two images have one id. Export it again.')
    annotations = [*enumerate(content.get('annotations', []))]
    for i, one in sorted(annotations, key=lambda pair: not pair[1].get('iscrowd')):
        where = f'annotation {one["id"]}' if 'id' in one else f'annotation no. {i}'
        for key, known, what in (
            ('image_id', shapes, 'images'), ('category_id', categories, 'categories'),
        ):  # fmt: skip
            if one[key] not in known:
                raise UserError(
                    f'{path}: {where} has the {key} {one[key]!r}, which is not among its {what}. '
                    'Add it there, or export the file again.'
                )
        label = '' if one.get('iscrowd') else categories[one['category_id']]
        outline = one.get('segmentation')
        draw, extent = partial(segmentation_mask, outline), partial(segmentation_extent, outline)
        shapes[one['image_id']].append(Shape(label, where, draw, extent))
    entries = []
    for image in content['images']:
        height, width = image.get('height'), image.get('width')
        size = (height, width) if height and width else None
        drawn = shapes[image['id']]
        entries.append(Entry(path, image['file_name'], size, drawn, annotated=bool(drawn)))
    return LabelFile(entries, list(dict.fromkeys(categories[i] for i in _sorted(categories))))


def segmentation_mask(segmentation: Any, height: int, width: int) -> np.ndarray:
    """Returns the pixels of an annotation's ``segmentation``, (H, W) bool.

    Args:
        segmentation (Any): Polygons, or run lengths, as text or as a list.
        height, width (int): Of the image.

    Raises:
        UserError: If it is neither.
    """
    if not segmentation:
        raise UserError('has no segmentation: a box alone says nothing of pixels')
    if isinstance(segmentation, list):
        if error := shape_error(segmentation, [[float]], 'segmentation'):
            raise UserError(f'is no list of polygons ({error})')
        return polygon_mask(segmentation, height, width)
    if error := shape_error(segmentation, RUNS, 'segmentation'):
        raise UserError(f'is neither polygons nor runs ({error})')
    if segmentation['size'] != [height, width]:
        raise UserError(
            f'has runs of the size {segmentation["size"]}, and the image has {[height, width]}'
        )
    counts = segmentation['counts']
    counts = counts_of(counts) if isinstance(counts, str) else counts
    return run_mask(counts, height, width, columns=True)


def segmentation_extent(segmentation: Any) -> Box | None:
    """Returns the box around an annotation's polygons; None of run lengths."""
    if not isinstance(segmentation, list):
        return None
    pairs = (zip(one[::2], one[1::2], strict=True) for one in segmentation)
    return box_around(pair for some in pairs for pair in some)


def _sorted(categories: dict) -> list:
    """Ids in the order of their numbers; texts after them."""
    return sorted(categories, key=lambda key: (isinstance(key, str), key))
