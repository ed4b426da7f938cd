# SPDX-License-Identifier: Apache-2.0
"""Finds the label files of one kind in a folder, and reads them."""

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from ...errors import UserError
from ...errors.wording import counted
from ..folders import SUFFIXES, Flaw
from .coco import read_coco
from .cvat import read_cvat
from .label_entries import LabelFile
from .label_kinds import COCO, CVAT, LABELME, files_below, kind_of
from .labelme import read_labelme

READERS: dict[str, Callable[[Path], LabelFile]] = {
    LABELME: read_labelme, COCO: read_coco, CVAT: read_cvat,
}  # fmt: skip
ORDER = {
    LABELME: 'the shape that comes later in the file, as LabelMe itself exports them',
    COCO: 'the annotation that comes later in the file, as the format has no order of its own',
    CVAT: "the shape with the larger z_order, as in CVAT's own export of masks",
}
BROKEN = 'Label files that cannot be read; their images are left out'


def label_files(path: str | os.PathLike[str], images: str | os.PathLike[str]) -> list[Path]:
    """Returns the label files that stand in place of masks; empty if masks do, or nothing.

    Args:
        path (str or PathLike): A label file, or a folder. One with images that are not those of
            ``images`` is a folder of masks, whatever else is in it.
        images (str or PathLike): The folder of images, which may be the same.

    Raises:
        UserError: If it is a file of another kind.
    """
    path = Path(path)
    if path.is_file():
        if kind_of(path) not in READERS:
            raise UserError(
                f'{path} is no label file that is read. Name a folder of masks, or files of '
                f'{", ".join(READERS)}.{_video(path)}'
            )
        return [path]
    there, inside = os.path.realpath(images), os.path.realpath(path)
    found = []
    for file in files_below(path):
        if file.suffix.lower() in SUFFIXES:
            if inside != there and not Path(os.path.realpath(file)).is_relative_to(there):
                return []
        elif kind_of(file) in READERS:
            found.append(file)
    return found


def read_label_files(files: list[Path]) -> tuple[str, list[LabelFile], list[Flaw]]:
    """Reads all files; a broken one of LabelMe, which holds one image, is a flaw.

    Args:
        files (list[Path]): From :func:`label_files`.

    Returns:
        tuple[str, list[LabelFile], list[Flaw]]: Their kind, what they hold, and which are broken.

    Raises:
        UserError: If they are of several kinds, or a file of many images is broken.
    """
    by_kind = defaultdict(list)
    for file in files:
        by_kind[kind_of(file)].append(file)
    if len(by_kind) > 1:
        found = ' and '.join(
            counted(len(some), f'file of {kind} ({some[0]})', f'files of {kind} ({some[0]}, ...)')
            for kind, some in by_kind.items()
        )
        raise UserError(f'There are {found}. Name one kind: a file, or a folder with it alone.')
    [(kind, _)] = by_kind.items()
    read, flaws = [], []
    for file in files:
        try:
            read.append(READERS[kind](file))
        except UserError as error:
            if kind != LABELME:
                raise
            flaws.append(Flaw(BROKEN, str(file), str(error).removeprefix(f'{file} ')))
    return kind, read, flaws


def _video(path: Path) -> str:
    if kind_of(path) != 'CVAT video':
        return ''
    return ' This one is a CVAT export of video; export the task as "CVAT for images 1.1".'
