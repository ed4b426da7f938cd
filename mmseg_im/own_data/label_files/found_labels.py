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
from .damaged_files import damage
from .label_entries import LabelFile
from .label_kinds import COCO, CVAT, LABELME, OTHER_JSON, files_below, kind_of
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

    Returns:
        list[Path]: Also files of JSON or XML that are damaged, so that their kind cannot be told.

    Raises:
        UserError: If it is a file of another kind, or damaged.
    """
    path = Path(path)
    if path.is_file():
        if kind_of(path) not in READERS:
            if problem := damage(path):
                raise UserError(damaged_text(path, problem))
            raise UserError(
                f'{path} is no label file that is read. Name a folder of masks, or files of '
                f'{", ".join(READERS)}.{_video(path)}'
            )
        return [path]
    there, inside = os.path.realpath(images), os.path.realpath(path)
    found = []
    unknown = []
    for file in files_below(path):
        if file.suffix.lower() in SUFFIXES:
            if inside != there and not Path(os.path.realpath(file)).is_relative_to(there):
                return []
        elif (kind := kind_of(file)) in READERS:
            found.append(file)
        elif kind in (OTHER_JSON, '.xml'):
            unknown.append(file)
    return [*found, *(file for file in unknown if damage(file))]


def read_label_files(files: list[Path]) -> tuple[str, list[LabelFile], list[Flaw]]:
    """Reads all files; a broken one of LabelMe, which holds one image, is a flaw.

    Files whose kind nobody can tell count as of the kind of the others, if they have its suffix.

    Args:
        files (list[Path]): From :func:`label_files`.

    Returns:
        tuple[str, list[LabelFile], list[Flaw]]: Their kind, what they hold, and which are broken.

    Raises:
        UserError: If they are of several kinds, a file of many images is broken, or all are.
    """
    by_kind = defaultdict(list)
    damaged = {}
    for file in files:
        if (kind := kind_of(file)) in READERS:
            by_kind[kind].append(file)
        else:
            damaged[file] = damage(file) or 'it cannot be parsed'
    if len(by_kind) > 1:
        found = ' and '.join(
            counted(len(some), f'file of {kind} ({some[0]})', f'files of {kind} ({some[0]}, ...)')
            for kind, some in by_kind.items()
        )
        raise UserError(f'There are {found}. Name one kind: a file, or a folder with it alone.')
    if not by_kind:
        raise UserError('\n'.join(damaged_text(file, what) for file, what in damaged.items()))
    [(kind, known)] = by_kind.items()
    read = []
    flaws = [
        Flaw(BROKEN, str(file), damaged_text(file, what).removeprefix(f'{file} '))
        for file, what in damaged.items()
        if file.suffix.lower() == known[0].suffix.lower()
    ]
    if flaws and kind != LABELME:
        raise UserError('\n'.join(f'{flaw.file} {flaw.what}' for flaw in flaws))
    for file in known:
        try:
            read.append(READERS[kind](file))
        except UserError as error:
            if kind != LABELME:
                raise
            flaws.append(Flaw(BROKEN, str(file), str(error).removeprefix(f'{file} ')))
    return kind, read, flaws


def damaged_text(file: Path, what: str) -> str:
    """Returns the sentence about a file that cannot be parsed."""
    return f'{file} is damaged ({what}). Export it again.'


def _video(path: Path) -> str:
    if kind_of(path) != 'CVAT video':
        return ''
    return ' This one is a CVAT export of video; export the task as "CVAT for images 1.1".'
