# SPDX-License-Identifier: Apache-2.0
"""Names annotations that lie where masks are looked for and are none: outlines and boxes."""

import os
from collections.abc import Collection
from pathlib import Path

from ..errors.wording import counted, listed
from .folders import SUFFIXES
from .label_files.label_kinds import COCO, CVAT, LABELME, OTHER_JSON, files_below, kind_of

READ = 'they are read where no masks lie beside them: name the file, or a folder with them alone'
EXPORT = (
    'export masks from the tool that wrote them, an image of class ids or colours for each image'
)
HOW = {
    LABELME: READ,
    COCO: READ,
    CVAT: READ,
    'Cityscapes polygons': "the masks lie beside them; name them, --mask-files '*_labelIds.png'",
    'VIA': 'export the annotations in COCO format (menu Annotation), which is read',
    'Label Studio': 'export them as COCO, which is read, or brush labels as PNG',
    'Supervisely': 'export the project there as COCO, which is read, or as masks (its export apps)',
    'CVAT video': 'export the task as "CVAT for images 1.1", which is read',
    'Pascal VOC XML': 'these are boxes and say nothing of pixels; masks have to be drawn',
    'YOLO text': 'of outlines, the tool that wrote them exports masks; boxes say nothing of pixels',
}


def other_labels(
    folder: str | os.PathLike[str], skip: Collection[Path] = ()
) -> dict[str, list[Path]]:
    """Returns the files below a folder of each kind, without ``skip``: annotations, but no masks.

    Keys are those of :func:`~.label_files.label_kinds.kind_of`.
    """
    found: dict[str, list[Path]] = {}
    for path in files_below(folder):
        if path.suffix.lower() not in SUFFIXES and path not in skip:
            found.setdefault(kind_of(path), []).append(path)
    return found


def other_labels_text(
    folder: str | os.PathLike[str], and_images: bool = False, skip: Collection[Path] = ()
) -> str:
    """Returns what such files are and how to go on; empty if there is none.

    Args:
        folder (str or PathLike): Where to look.
        and_images (bool): Whether files of unknown kinds beside images are of no interest.
        skip (Collection[Path]): Files of no interest.
    """
    kinds = other_labels(folder, {*skip})
    known = {kind: files for kind, files in kinds.items() if kind in HOW or kind == OTHER_JSON}
    shown = known if known or and_images else kinds
    if not shown:
        return ''
    found = ', '.join(
        counted(len(files), f'file of {kind}', f'files of {kind}')
        + (f' ({listed([file.name for file in files], 3)})' if kind == OTHER_JSON else '')
        for kind, files in shown.items()
    )
    how = ' '.join(f'{kind}: {HOW.get(kind, EXPORT)}.' for kind in shown)
    return f'{folder} holds {found}, which are not read here. {how}'
