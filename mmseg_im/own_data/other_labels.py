# SPDX-License-Identifier: Apache-2.0
"""Recognises annotations that are no masks: outlines and boxes in JSON, XML and text files."""

import os
import re
from collections import Counter
from pathlib import Path

from ..errors.wording import counted
from .folders import SUFFIXES

PEEK = 65536  # bytes at both ends of a file: outlines may be large, and pictures lie in them
EXPORT = {
    'LabelMe': 'its own tool writes masks: labelme_export_json, or its example labelme2voc.py',
    'COCO': 'pycocotools does: COCO(FILE).annToMask(annotation) for each annotation of an image',
    'Pascal VOC XML': 'these are boxes and say nothing of pixels; masks have to be drawn',
    'YOLO text': 'of outlines, the tool that wrote them exports masks; boxes say nothing of pixels',
}
YOLO = re.compile(rb'\d+( -?\d*\.?\d+([eE]-?\d+)?){4,}')


def other_labels(folder: str | os.PathLike[str]) -> Counter:
    """Returns the number of files below a folder of each kind: annotations that are no masks.

    Keys are those of ``EXPORT``, ``other JSON``, and suffixes such as ``.npy`` of all other files.
    Files are recognised by the words at their ends and never parsed: JSON of any size and content
    is safe.
    """
    kinds: Counter = Counter()
    for parent, folders, files in os.walk(os.fspath(folder)):
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for file in files:
            path = Path(parent, file)
            if path.suffix.lower() not in SUFFIXES and not file.startswith('.'):
                kinds[_kind(path)] += 1
    return kinds


def other_labels_text(folder: str | os.PathLike[str], and_images: bool = False) -> str:
    """Returns what such files are and how to go on; empty if there is none.

    Args:
        folder (str or PathLike): Where to look.
        and_images (bool): Whether files of unknown kinds beside images are of no interest.
    """
    kinds = other_labels(folder)
    known = {kind: count for kind, count in kinds.items() if kind in EXPORT or kind == 'other JSON'}
    shown = known if known or and_images else kinds
    if not shown:
        return ''
    found = ', '.join(
        counted(count, f'file of {kind}', f'files of {kind}') for kind, count in shown.items()
    )
    how = ''.join(f' {kind}: {EXPORT[kind]}.' for kind in shown if kind in EXPORT)
    return (
        f'{folder} holds {found}. These are not read: export masks from the tool that wrote them, '
        f'an image of class ids or colours for each image.{how}'
    )


def _kind(path: Path) -> str:
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
        if b'"shapes"' in text and b'"imagePath"' in text:
            return 'LabelMe'
        if b'"images"' in text and (b'"category_id"' in text or b'"categories"' in text):
            return 'COCO'
        return 'other JSON'
    if suffix == '.xml':
        voc = b'<annotation' in text and b'<bndbox' in text
        return 'Pascal VOC XML' if voc else suffix
    first = next((line.strip() for line in text.splitlines() if line.strip()), b'')
    return 'YOLO text' if YOLO.fullmatch(first) else suffix
