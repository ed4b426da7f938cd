# SPDX-License-Identifier: Apache-2.0
"""Image files below a folder, by name."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..datasets import lists
from ..errors import MissingFileError, UserError

SUFFIXES = (
    '.bmp', '.gif', '.jp2', '.jpeg', '.jpg', '.pbm', '.pgm', '.png', '.ppm', '.tif', '.tiff',
    '.webp',
)  # fmt: skip


def find_images(folder: str | os.PathLike, skip: Iterable[str] = ()) -> dict[str, list[Path]]:
    """All image files below a folder; symbolic links are followed, hidden files passed over.

    Args:
        folder (str or PathLike): Where to look.
        skip (Iterable[str]): Folders below it that are not entered.

    Returns:
        dict[str, list[Path]]: Name to files, sorted. A name is the path below the folder without
        suffix, with ``/`` between folders, spelt as on the disk; it has more than one file where
        these differ in suffix. See also :func:`composed`.

    Raises:
        MissingFileError: If the folder does not exist.
    """
    if not os.path.isdir(folder):
        raise MissingFileError(f'The folder {folder} does not exist.')
    skipped = {os.path.realpath(path) for path in skip}
    above: dict[str, frozenset[str]] = {os.fspath(folder): frozenset()}
    found: dict[str, list[Path]] = {}
    for parent, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in skipped or real in above[parent]:  # the latter is a link that leads back
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        above |= {os.path.join(parent, name): above[parent] | {real} for name in folders}
        for file in files:
            path = Path(parent, file)
            if path.suffix.lower() in SUFFIXES and not file.startswith('.'):
                name = path.relative_to(folder).with_suffix('').as_posix()
                found.setdefault(name, []).append(path)
    return {name: sorted(found[name]) for name in sorted(found)}


def composed(found: Mapping[str, list[Path]]) -> dict[str, list[Path]]:
    """Files by name in composed Unicode, to match images with masks: what looks equal is equal."""
    merged: dict[str, list[Path]] = {}
    for name, files in found.items():
        merged.setdefault(composed_name(name), []).extend(files)
    return {name: sorted(merged[name]) for name in sorted(merged)}


def composed_name(name: str) -> str:
    """A name in composed Unicode."""
    return unicodedata.normalize('NFC', name)


def spelt(path: Path) -> Path:
    """The file as the disk spells its name, if it is there in composed or decomposed Unicode."""
    forms = (path, *(path.with_name(unicodedata.normalize(f, path.name)) for f in ('NFC', 'NFD')))
    return next((form for form in forms if form.is_file()), path)


def unique_images(folder: str | os.PathLike) -> dict[str, Path]:
    """Like :func:`find_images`, for tools that need one file a name.

    Raises:
        UserError: If two files have one name, or there is none.
    """
    found = find_images(folder)
    twice = [files for files in found.values() if len(files) > 1]
    if twice:
        pairs = '; '.join(' and '.join(map(str, files)) for files in twice)
        raise UserError(f'Lists name images without suffix, so these are one: {pairs}. Rename one.')
    if not found:
        raise UserError(f'{folder} holds no images ({", ".join(SUFFIXES)}).')
    return {name: files[0] for name, files in found.items()}


def read_names(source: str | os.PathLike) -> list[str]:
    """Names of images: of those in a folder, or of a list with one name a line.

    Raises:
        MissingFileError, UserError: If there is nothing, or a name is listed twice.
    """
    if os.path.isdir(source):
        return list(unique_images(source))
    if not os.path.isfile(source):
        raise MissingFileError(f'{source} is neither a folder of images nor a list of names.')
    names = lists.read_names(source)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if not names:
        raise UserError(f'The list {source} is empty.')
    if twice:
        raise UserError(f'The list {source} names twice: {", ".join(twice)}.')
    return names
