# SPDX-License-Identifier: Apache-2.0
"""On-disk layout of pseudo-labels.

``labels/NAME.png`` holds class ids (under the mask the label of the mean probability) and
``masks/NAME.png`` 255 where the voters disagree, before erosion and dilation. For
classes that overlap there is one folder for each class, ``labels/CLASS/NAME.png`` and
``masks/CLASS/NAME.png``, of 0 and 255. ``index.sqlite`` is written last; without it a folder
counts as unfinished. Earlier versions wrote ``index.json``, which is read, too.
"""

import os
import os.path as osp
from collections.abc import Iterable
from pathlib import Path

from ..errors import MissingFileError, UserError
from ..files.atomic import read_json
from ..files.row_file import RowFile
from ..files.safe_names import flaw_of_name

INDEX, QUALITY = 'index.sqlite', 'quality.sqlite'
OLD_INDEX, OLD_QUALITY = 'index.json', 'quality.json'
REMEDY = 'Write the pseudo-labels again (a generational run does so with --resume).'
INDEX_HEAD = dict(classes=[str], palette=([[int]], None), overlapping=bool)
INDEX_ROW = dict(image=str, masked=float, agreement=float, pixels=[int], same_classes=bool)
QUALITY_ROW = dict(draws=int, ignored_classes=[int])
MAX_DRAWS = 5


def image_name(path: str, img_dir: str) -> str:
    """Returns an image's name: its path below a folder, with ``/``, without suffix."""
    return osp.splitext(osp.relpath(path, img_dir))[0].replace(os.sep, '/')


def label_files(folder: str | os.PathLike, name: str, classes: list[str] | None) -> dict:
    """Returns the paths of the pseudo-label and of the mask of one image.

    Args:
        folder (str or PathLike): Of the pseudo-labels.
        name (str): From :func:`image_name`.
        classes (list[str], optional): Class names where classes overlap.

    Returns:
        dict: ``labels`` and ``masks``, each a path or a dict from class to path.
    """
    if classes is None:
        return {kind: osp.join(folder, kind, f'{name}.png') for kind in ('labels', 'masks')}
    return {
        kind: {cls: osp.join(folder, kind, cls, f'{name}.png') for cls in classes}
        for kind in ('labels', 'masks')
    }


def overlapping_classes(head: dict) -> list[str] | None:
    """Returns the class names in the head of an index if classes overlap, else None."""
    return head['classes'] if head['overlapping'] else None


def read_index(folder: str | os.PathLike) -> RowFile:
    """Opens the index, a mapping from the name of an image to its row.

    Args:
        folder (str or PathLike): Of the pseudo-labels.

    Returns:
        RowFile: Its ``head`` has ``classes``, ``palette`` and ``overlapping``.

    Raises:
        MissingFileError: If there is none: the labels were not written to the end.
        UserError: If it is damaged; what is wrong in a row is found when the row is read.
    """
    index = _read(Path(folder), INDEX, OLD_INDEX, INDEX_HEAD, INDEX_ROW)
    if index is None:
        raise MissingFileError(
            f'{Path(folder) / INDEX} does not exist: {folder} holds no finished pseudo-labels. '
            'Write them with PseudoLabelWriter, or correct the path.'
        )
    check_names(index.head['classes'], index.path)
    return index


def _read(folder: Path, name: str, old: str, head: dict, row: dict) -> RowFile | None:
    """Opens a file of rows, or reads one of the older format; None if there is neither."""
    if (folder / name).is_file():
        return RowFile(folder / name, head, row, REMEDY)
    if not (folder / old).is_file():
        return None
    content = read_json(folder / old, dict(head, images={str: row}), REMEDY)
    rows = content.pop('images')
    check_names(rows, folder / old)
    return RowFile(folder / old, head, row, REMEDY, (content, rows))


def check_names(names: Iterable[str], path: Path) -> None:
    """Checks that names of images and classes can be names of files.

    Raises:
        UserError: If one cannot; the message names ``path``, the file that holds it.
    """
    for name in names:
        flaw = flaw_of_name(name)
        if flaw:
            raise UserError(f'{path} is damaged (the name {name!r} {flaw}). {REMEDY}')


class Quality:
    """The quality network's verdict on pseudo-labels.

    Args:
        folder (str or PathLike): Of the pseudo-labels.
        num_classes (int): Of their index.

    Raises:
        MissingFileError: If there is none.
        UserError: If it is damaged.
    """

    def __init__(self, folder: str | os.PathLike, num_classes: int):
        rows = _read(Path(folder), QUALITY, OLD_QUALITY, {}, QUALITY_ROW)
        if rows is None:
            raise MissingFileError(f'{Path(folder) / QUALITY} does not exist.')
        self._rows = rows
        self._classes = set(range(num_classes))

    def __getitem__(self, name: str) -> dict:
        """Returns ``draws`` and ``ignored_classes`` of an image.

        Raises:
            UserError: If the file does not know it, or says what cannot be.
        """
        row = self._rows.get(name)
        path = self._rows.path
        if row is None:
            raise UserError(f'{path} is damaged ({name!r} is missing). {REMEDY}')
        possible = range(MAX_DRAWS + 1)
        if row['draws'] not in possible or not set(row['ignored_classes']) <= self._classes:
            raise UserError(f'{path} is damaged ({name}: {row}). {REMEDY}')
        return row
