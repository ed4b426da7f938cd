# SPDX-License-Identifier: Apache-2.0
"""Finds damage in the files of pseudo-labels."""

from os import PathLike
from pathlib import Path

from ..errors import MissingFileError, UserError
from ..files.png import gray_size, png_flaw
from .in_threads import in_threads
from .pseudo_label_files import REMEDY, label_files, overlapping_classes, read_index


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


def check_label(info: dict) -> None:
    """Checks the files of one pseudo-label, every byte of them.

    Raises:
        MissingFileError, UserError: If one is missing or damaged.
    """
    damage = label_damage(dict(labels=info['seg_map_path'], masks=info['inconsistency_path']))
    if damage:
        kind = MissingFileError if 'does not exist' in damage else UserError
        raise kind(f'train_dataloader.dataset.labels: {damage} {REMEDY}')


def first_damage(labels: str | PathLike) -> str | None:
    """Returns the first damage in a folder of pseudo-labels as a sentence; None if all are whole.

    Every byte of every file is read, so a flipped bit is found wherever it is.
    """
    try:
        index = read_index(labels)
        classes = overlapping_classes(index.head)
        files = (label_files(labels, name, classes) for name, _ in index.pairs())
        found = in_threads(label_damage, files, len(index), 'Checking pseudo-labels')
        return next((damage for damage in found if damage), None)
    except (UserError, MissingFileError) as error:
        return str(error)
