# SPDX-License-Identifier: Apache-2.0
"""How pseudo-labels lie on the disk.

``labels/NAME.png`` holds class ids (under the mask the label of the mean probability) and
``masks/NAME.png`` 255 where the teachers are inconsistent, before erosion and dilation. For
classes that overlap there is one folder for each class, ``labels/CLASS/NAME.png`` and
``masks/CLASS/NAME.png``, of 0 and 255. ``index.json`` is written last; without it a folder counts
as unfinished.
"""

import os
import os.path as osp
from pathlib import Path

from .errors import MissingFileError
from .files import read_json

INDEX = 'index.json'
QUALITY = 'quality.json'


def image_name(path: str, img_dir: str) -> str:
    """Name of an image: its path below a folder without suffix, with ``/`` between folders."""
    return osp.splitext(osp.relpath(path, img_dir))[0].replace(os.sep, '/')


def label_files(folder: str | os.PathLike, name: str, classes: list[str] | None) -> dict:
    """Files of one image.

    Args:
        folder (str or PathLike): Where the writer wrote.
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


def overlapping_classes(index: dict) -> list[str] | None:
    """What :func:`label_files` takes as ``classes``, for a folder with this index."""
    return index['classes'] if index['overlapping'] else None


def read_index(folder: str | os.PathLike) -> dict:
    """Reads the index: ``classes``, ``overlapping`` and ``images``, a dict from name to values.

    Raises:
        MissingFileError: If there is none: the labels were not written to the end.
    """
    path = Path(folder) / INDEX
    if not path.is_file():
        raise MissingFileError(
            f'{path} does not exist: {folder} holds no finished pseudo-labels. Write them with '
            'PseudoLabelWriter, or correct the path.'
        )
    return read_json(path)
