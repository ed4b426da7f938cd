# SPDX-License-Identifier: Apache-2.0
"""Writes class ids so that a viewer shows their colours."""

import io
import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from .atomic import write_aside

WHITE = 255, 255, 255


def colours_of_ids(palette: Sequence[Sequence[int]], offset: int = 0) -> list[tuple[int, ...]]:
    """Returns the RGB colour of each value of a file of class ids.

    Of two classes the first is black and the second is not, so that a reader who asks for "not
    zero", in values or in colours, finds the second.

    Args:
        palette (Sequence): RGB colour of each class.
        offset (int): Value of the first class in the file; those below are black.
    """
    colours = [(0, 0, 0)] * offset + [tuple(int(c) for c in colour) for colour in palette]
    if len(palette) == 2 and not offset:
        colours = [(0, 0, 0), colours[1] if any(colours[1]) else WHITE]
    return colours


def write_ids(
    path: str | os.PathLike, ids: np.ndarray, palette: Sequence[Sequence[int]], offset: int = 0
) -> None:
    """Writes class ids as a PNG with a palette (mode ``P``): its values are the ids.

    Args:
        path (str or PathLike): The file, see :func:`~.atomic.write_aside`.
        ids (np.ndarray): (H, W) uint8, with ``offset`` added already.
        palette (Sequence): RGB colour of each class; empty: a gray PNG.
        offset (int): See :func:`colours_of_ids`.
    """
    image = Image.fromarray(np.ascontiguousarray(ids))
    if palette:
        # every value has an entry: readers refuse one beyond the palette
        colours = [*colours_of_ids(palette, offset), *[(0, 0, 0)] * 256][:256]
        image.putpalette([channel for colour in colours for channel in colour])
    content = io.BytesIO()
    image.save(content, 'PNG')
    write_aside(path, content.getvalue())
