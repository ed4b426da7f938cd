# SPDX-License-Identifier: Apache-2.0
"""Files that hold several images, of which the first is read."""

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from ..errors.wording import counted

SUBFILE, COPY_OR_MASK = 254, 5  # a tag of TIFF, and its bits for smaller copies and masks


def has_more_pages(path: Path) -> bool:
    """Whether a TIFF, GIF or WebP holds further images; smaller copies and masks are none."""
    try:
        with Image.open(path) as image:
            if image.format not in ('TIFF', 'GIF', 'WEBP'):  # a JPEG may hold its depth
                return False
            for number in range(1, image.n_frames):  # type: ignore[attr-defined]
                image.seek(number)
                tags = getattr(image, 'tag_v2', {})
                if not tags.get(SUBFILE, 0) & COPY_OR_MASK:
                    return True
    except Exception:  # OpenCV reads files that Pillow does not
        return False
    return False


def pages_text(paths: Iterable[Path]) -> list[str]:
    """Returns a sentence about files with further pages; none if there are none."""
    found = list(paths)
    if not found:
        return []
    return [
        f'{counted(len(found), "image has", "images have")} further pages, such as {found[0]}: '
        'only the first is read. Save each page as a file.'
    ]
