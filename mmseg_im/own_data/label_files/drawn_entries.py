# SPDX-License-Identifier: Apache-2.0
"""Draws the entries of label files at the size of their images."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.progress import track

from ...datasets.image_files import check_header, header_size
from ...errors import UserError
from ..folders import Flaw
from ..images import inspect_image
from .drawing import Drawing, draw_shapes
from .label_entries import Entry

SIZE = 'Label files that state another size than the image has'
SHAPE = 'Shapes that cannot be drawn; draw them again'


def drawn_entries(
    entries: Mapping[str, Entry],
    images: Mapping[str, Sequence[Path]],
    ids: Mapping[str, int],
    flaws: list[Flaw],
    kind: str,
) -> Iterator[tuple[str, Drawing]]:
    """Yields the name of each image and what its entry draws; passes over images that are broken.

    Args:
        entries (Mapping[str, Entry]): By name of the image.
        images (Mapping[str, Sequence[Path]]): Their files.
        ids (Mapping[str, int]): Of each label, see :func:`~.drawing.draw_shapes`.
        flaws (list[Flaw]): Gets a flaw for each entry that cannot be drawn.
        kind (str): Of the label files, for the progress.
    """
    quiet = not sys.stdout.isatty()
    for name, entry in track(entries.items(), f'Drawing {kind}', disable=quiet):
        size = _size(images[name][0])
        if size is None:
            continue
        if entry.size not in (None, size):
            flaws.append(Flaw(SIZE, str(entry.file), _sizes(entry, size), name))
            continue
        try:
            drawing = draw_shapes(entry.shapes, ids, size)
        except UserError as error:
            flaws.append(Flaw(SHAPE, f'{entry.file}', f'{entry.image}: {error}', name))
            continue
        yield name, drawing


def _size(image: Path) -> tuple[int, int] | None:
    """Height and width of an image as it is loaded; None if it is broken."""
    try:
        if size := header_size(str(image), check_header(str(image))):
            return size
    except (UserError, OSError):
        pass  # of a kind that the next line may know
    try:
        return inspect_image(image).size
    except UserError:
        return None


def _sizes(entry: Entry, size: tuple[int, int]) -> str:
    height, width = entry.size or size
    text = f'{height}x{width} for {entry.image}, image {size[0]}x{size[1]} (height x width)'
    if (width, height) == size:
        text += ' once it is turned as its EXIF entry says: save it turned, and label it again'
    return text
