# SPDX-License-Identifier: Apache-2.0
"""Masks as COCO means them: polygons and run lengths, drawn by pycocotools."""

from collections.abc import Sequence

import numpy as np

from ...errors import MissingFileError, UserError
from ...files.image_size import MAX_PIXELS
from .label_entries import checked_points

try:
    from pycocotools import mask as coco
except ImportError:
    coco = None


def check_pycocotools(path: object) -> None:
    """Raises a MissingFileError if the package that draws polygons is not installed."""
    if coco is None:
        raise MissingFileError(
            f'{path}: its outlines are drawn by pycocotools, which is not installed. Install it '
            'with: pip install "pycocotools>=2.0.8" (or the extra mmseg_im[labels]).'
        )


def polygon_mask(polygons: Sequence[Sequence[float]], height: int, width: int) -> np.ndarray:
    """Returns the pixels in at least one of some polygons, (H, W) bool.

    Args:
        polygons (Sequence[Sequence[float]]): ``[x0, y0, x1, y1, ...]`` each.
        height, width (int): Of the image.

    Raises:
        UserError: If one has fewer than three points, or an odd number of coordinates.
    """
    for polygon in polygons:
        if len(polygon) % 2:
            raise UserError(f'has an outline of {len(polygon)} coordinates, an odd number')
        checked_points([*zip(polygon[::2], polygon[1::2], strict=True)], 3, height, width)
    runs = coco.merge(coco.frPyObjects([[*map(float, one)] for one in polygons], height, width))
    return coco.decode(runs).astype(bool)


def run_mask(counts: Sequence[int], height: int, width: int, columns: bool) -> np.ndarray:
    """Returns the pixels of run lengths, (H, W) bool: absent and present in turn.

    Args:
        counts (Sequence[int]): The lengths.
        height, width (int): Of the mask.
        columns (bool): Whether runs go down the columns (COCO) or along the rows (CVAT).

    Raises:
        UserError: If they do not make as many pixels as the mask has. (pycocotools would fill
            the rest with what the memory holds.)
    """
    if height * width > MAX_PIXELS:
        raise UserError(f'claims {height}x{width} pixels')
    total = sum(counts)
    if min(counts, default=0) < 0 or total != height * width:
        raise UserError(f'has runs of {total} pixels where {height}x{width} has {height * width}')
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(height, width, order='F' if columns else 'C')


def counts_of(text: str) -> list[int]:
    """Returns the run lengths in COCO's compressed text.

    Each character holds 5 bits of a number, lowest first; its sixth says whether more follow, and
    the highest bit of the last is the sign. From the fourth on, numbers are differences to the
    number two before.

    Raises:
        UserError: If it is no such text.
    """
    counts: list[int] = []
    number, shift = 0, 0
    for char in text:
        bits = ord(char) - 48
        if not 0 <= bits < 64 or shift > 50:
            raise UserError('has a text of runs that is none of COCO')
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number, shift = 0, 0
    if shift:
        raise UserError('has a text of runs that is cut off')
    return counts
