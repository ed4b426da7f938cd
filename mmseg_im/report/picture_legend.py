# SPDX-License-Identifier: Apache-2.0
"""A legend of colours in a margin below a picture, which it does not cover."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LEAST_FONT = 16  # pixels: smaller letters are not read
WIDTH = 60  # a wide picture is shown smaller, so its letters are this part of its width


def with_legend(picture: np.ndarray, entries: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """Returns a picture with names below it, each beside a patch of what it stands for.

    Args:
        picture (np.ndarray): (H, W, 3) uint8 RGB.
        entries (Sequence): Names, and patterns (h, w, 3) uint8 RGB, which are repeated.

    Returns:
        np.ndarray: (H + margin, W, 3) uint8 RGB, wider where one name needs it.
    """
    if not entries:
        return picture
    height, width = picture.shape[:2]
    size = max(LEAST_FONT, width // WIDTH)
    font, gap = _font(size), size // 2
    widths = [size + gap + round(font.getlength(name)) + 2 * gap for name, _ in entries]
    places: list[tuple[int, int]] = []
    left, row = gap, 0
    for one in widths:
        if places and left > gap and left + one > width:
            left, row = gap, row + 1
        places.append((left, row))
        left += one
    step = round(1.5 * size)
    wide = max(width, gap + max(widths))
    canvas = Image.new('RGB', (wide, height + gap + (row + 1) * step), 'white')
    canvas.paste(Image.fromarray(picture))
    draw = ImageDraw.Draw(canvas)
    for (name, patch), (x, row) in zip(entries, places, strict=True):
        y = height + gap + row * step
        times = -(-size // patch.shape[0]), -(-size // patch.shape[1]), 1
        canvas.paste(Image.fromarray(np.tile(patch, times)[:size, :size].copy()), (x, y))
        draw.rectangle((x, y, x + size - 1, y + size - 1), outline='gray')
        draw.text((x + size + gap, y + size / 2), name, fill='black', font=font, anchor='lm')
    return np.array(canvas)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """The font of matplotlib, which has letters of many languages; OpenCV's has ASCII alone."""
    path = Path(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf')
    return ImageFont.truetype(str(path), size)
