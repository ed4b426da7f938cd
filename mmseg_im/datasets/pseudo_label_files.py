# SPDX-License-Identifier: Apache-2.0
"""On-disk layout of pseudo-labels.

``labels/NAME.png`` holds class ids (under the mask the label of the mean probability) and
``masks/NAME.png`` 255 where the voters disagree, before erosion and dilation. For
classes that overlap there is one folder for each class, ``labels/CLASS/NAME.png`` and
``masks/CLASS/NAME.png``, of 0 and 255. ``index.json`` is written last; without it a folder counts
as unfinished.
"""

import os
import os.path as osp
from collections.abc import Iterable
from pathlib import Path

from ..errors import MissingFileError, UserError
from ..files.png import gray_size, png_flaw
from ..files.safe_names import flaw_of_name
from ..files.whole import read_json

INDEX = 'index.json'
QUALITY = 'quality.json'
REMEDY = 'Write the pseudo-labels again (a generational run does so with --resume).'
INDEX_SHAPE = dict(
    classes=[str],
    palette=([[int]], None),
    overlapping=bool,
    images={str: dict(image=str, masked=float, agreement=float, pixels=[int], same_classes=bool)},
)
QUALITY_SHAPE = dict(images={str: dict(draws=int, ignored_classes=[int])})
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


def overlapping_classes(index: dict) -> list[str] | None:
    """Returns the class names of an index if classes overlap, else None."""
    return index['classes'] if index['overlapping'] else None


def read_index(folder: str | os.PathLike) -> dict:
    """Reads the index: ``classes``, ``overlapping`` and ``images``, a dict from name to values.

    Raises:
        MissingFileError: If there is none: the labels were not written to the end.
        UserError: If it is damaged.
    """
    path = Path(folder) / INDEX
    if not path.is_file():
        raise MissingFileError(
            f'{path} does not exist: {folder} holds no finished pseudo-labels. Write them with '
            'PseudoLabelWriter, or correct the path.'
        )
    index = read_json(path, INDEX_SHAPE, REMEDY)
    check_names([*index['images'], *index['classes']], path)
    return index


def check_names(names: Iterable[str], path: Path) -> None:
    """Checks that names of images and classes can be names of files.

    Raises:
        UserError: If one cannot; the message names ``path``, the file that holds it.
    """
    for name in names:
        flaw = flaw_of_name(name)
        if flaw:
            raise UserError(f'{path} is damaged (the name {name!r} {flaw}). {REMEDY}')


def read_quality(folder: str | os.PathLike, index: dict) -> dict[str, dict]:
    """Reads the quality network's verdict: ``draws`` and ``ignored_classes`` of each image.

    Raises:
        MissingFileError: If there is none.
        UserError: If it is damaged, or does not know an image of the index.
    """
    path = Path(folder) / QUALITY
    images = read_json(path, QUALITY_SHAPE, REMEDY)['images']
    classes = range(len(index['classes']))
    for name in index['images']:
        row = images.get(name)
        if row is None:
            raise UserError(f'{path} is damaged ({name!r} is missing). {REMEDY}')
        ignored = set(row['ignored_classes'])
        if row['draws'] not in range(MAX_DRAWS + 1) or not ignored <= {*classes}:
            raise UserError(f'{path} is damaged (images.{name}: {row}). {REMEDY}')
    return images


def label_damage(files: dict) -> str | None:
    """Returns which file of one image is missing or damaged, as a sentence; None if all are whole.

    Args:
        files (dict): From :func:`label_files`. Each is a PNG of one channel; all have one size.
    """
    sizes: set[tuple[int, int]] = set()
    for kind in files.values():
        for path in kind.values() if isinstance(kind, dict) else [kind]:
            try:
                content = Path(path).read_bytes()
            except FileNotFoundError:
                return f'{path} does not exist.'
            except OSError as error:
                return f'{path} cannot be read ({error.strerror}).'
            flaw = png_flaw(content)
            if flaw:
                return f'{path} {flaw}.'
            size = gray_size(content)
            if size is None or (sizes and size not in sizes):
                return f'{path} is no gray image of 8 bits and of the size of the others.'
            sizes.add(size)
    return None
