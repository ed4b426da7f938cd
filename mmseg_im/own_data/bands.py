# SPDX-License-Identifier: Apache-2.0
"""Bands of a TIFF beyond those that become a picture, such as infrared."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from ..errors.wording import counted

PHOTOMETRIC, SAMPLES = 262, 277  # tags of TIFF
RGB, CMYK, YCBCR = 2, 5, 6
MOST = 4  # that OpenCV decodes
HOW = (
    'To train on all of them, change how the config loads images (docs/your_own_config.md, "Images '
    'of other channels").'
)


class Bands(NamedTuple):
    """Bands of a file.

    Attributes:
        total (int): How many it has; 0 where that is not asked: it is no TIFF.
        dropped (int): How many of them the picture does not show.
    """

    total: int
    dropped: int


def bands_of(path: Path) -> Bands:
    """Returns the bands of a file; transparency that is the same everywhere is no band."""
    if path.suffix.lower() not in ('.tif', '.tiff'):
        return Bands(0, 0)
    tags = _tags(path)
    total, meaning = int(tags.get(SAMPLES, 1)), tags.get(PHOTOMETRIC)
    if meaning == CMYK:
        return Bands(total, 0)
    dropped = total - (3 if meaning in (RGB, YCBCR) else 1)
    if dropped == 1 and total == MOST:  # tools that write infrared call it transparency, too
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if pixels is not None and pixels.shape[2:] == (MOST,):
            dropped = int(pixels[..., MOST - 1].min() < pixels[..., MOST - 1].max())
    return Bands(total, max(dropped, 0))


def dropped_text(bands: Iterable[tuple[Path, Bands]]) -> list[str]:
    """Returns a sentence about images of which bands are dropped; none if there are none."""
    found = [(path, each) for path, each in bands if each.dropped]
    if not found:
        return []
    path, each = found[0]
    return [
        f'{counted(len(found), "image has", "images have")} bands that are dropped, such as '
        f'{path}: {each.dropped} of {each.total}. {HOW}'
    ]


def _tags(path: Path) -> ImageFileDirectory_v2 | dict:
    try:
        with open(path, 'rb') as file:
            header = file.read(8)
            if header[2:3] == b'+':  # BigTIFF
                header += file.read(8)
            tags = ImageFileDirectory_v2(header)
            file.seek(tags.next)
            tags.load(file)
            return tags
    except Exception:  # the decoder says what is wrong with the file
        return {}
