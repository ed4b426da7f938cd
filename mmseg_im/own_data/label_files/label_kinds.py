# SPDX-License-Identifier: Apache-2.0
"""Recognises files of annotations that are no masks by a look at their ends."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

PEEK = 65536  # bytes at both ends of a file: outlines may be large, and pictures lie in them
LABELME, COCO, CVAT = 'LabelMe', 'COCO', 'CVAT'
"""str: The kinds that are read."""
OTHER_JSON = 'other JSON'
OF_JSON = {
    'Cityscapes polygons': (b'"objects"', b'"polygon"', b'"imgHeight"'),
    'VIA': (b'"regions"', b'"shape_attributes"'),
    'Label Studio': (b'"from_name"', b'"to_name"'),
    'Supervisely': (b'"objects"', b'"classTitle"'),
}
"""dict[str, tuple[bytes, ...]]: Other kinds of JSON, and the words that tell them."""
YOLO = re.compile(rb'\d+( -?\d*\.?\d+([eE]-?\d+)?){4,}')


def files_below(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields all files below a folder in order, without hidden ones."""
    for parent, folders, files in os.walk(os.fspath(folder)):
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        yield from (Path(parent, file) for file in sorted(files) if not file.startswith('.'))


def kind_of(path: Path) -> str:
    """Returns what a file seems to be: ``LabelMe``, ``COCO``, ``CVAT`` and others by name.

    Nothing is parsed: JSON of any size and content is safe.

    Returns:
        str: Also one of :data:`OF_JSON`, ``CVAT video``, ``Pascal VOC XML``, ``YOLO text`` or
        ``other JSON``; of all others the suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in ('.json', '.xml', '.txt'):
        return suffix or 'no suffix'
    try:
        with open(path, 'rb') as file:
            text = file.read(PEEK)
            file.seek(max(os.fstat(file.fileno()).st_size - PEEK, len(text)))
            text += file.read()
    except OSError:
        return suffix
    if suffix == '.json':
        if b'"shapes"' in text and (b'"imagePath"' in text or b'"imageHeight"' in text):
            return LABELME
        lists = b'"images"' in text or b'"annotations"' in text
        if lists and (b'"category_id"' in text or b'"categories"' in text):
            return COCO
        return next(
            (kind for kind, words in OF_JSON.items() if all(word in text for word in words)),
            OTHER_JSON,
        )
    if suffix == '.xml':
        if b'<annotations' in text:
            return 'CVAT video' if b'<track' in text and b'<image' not in text else CVAT
        voc = b'<annotation' in text and b'<bndbox' in text
        return 'Pascal VOC XML' if voc else suffix
    first = next((line.strip() for line in text.splitlines() if line.strip()), b'')
    return 'YOLO text' if YOLO.fullmatch(first) else suffix
