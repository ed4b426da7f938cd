# SPDX-License-Identifier: Apache-2.0
"""Finds the images and masks below folders: which belong together, and what is wrong."""

import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..datasets import lists
from ..errors import MissingFileError, UserError
from ..errors.wording import counted

SUFFIXES = (
    '.bmp', '.gif', '.jp2', '.jpeg', '.jpg', '.pbm', '.pgm', '.png', '.ppm', '.tif', '.tiff',
    '.webp',
)  # fmt: skip
NOT_READ = (
    '.arw', '.avif', '.cr2', '.cr3', '.dcm', '.dng', '.exr', '.hdr', '.heic', '.heif', '.j2k',
    '.jfif', '.jpe', '.jxl', '.nef', '.npy', '.npz', '.psd', '.svs', '.tga',
)  # fmt: skip
"""tuple[str]: Suffixes of images that are not read: whoever has some is told so."""
TWICE = 'Two files have one name without suffix, so a list cannot tell them apart; rename one'
FORMAT = 'Images of formats that are not read; save them as PNG or TIFF'
EDGE = 'Names that begin or end with a blank cannot be listed; rename them'
NO_IMAGE = 'Masks without an image of their name'


def find_images(
    folder: str | os.PathLike,
    skip: Iterable[str | os.PathLike] = (),
    suffixes: Collection[str] = SUFFIXES,
) -> dict[str, list[Path]]:
    """All image files below a folder; symbolic links are followed, hidden files passed over.

    Args:
        folder (str or PathLike): Where to look.
        skip (Iterable[str or PathLike]): Folders below it that are not entered.
        suffixes (Collection[str]): Of image files, in lower case.

    Returns:
        dict[str, list[Path]]: Name to files, sorted. A name is the path below the folder without
        suffix, with ``/`` between folders, spelt as on the disk; it has more than one file where
        these differ in suffix. See also :func:`composed`.

    Raises:
        MissingFileError: If the folder does not exist, or is a file.
    """
    if os.path.isfile(folder):
        raise MissingFileError(
            f'{folder} is a file, and a folder of images is needed: name the folder that holds it '
            f'({os.path.dirname(folder) or "."}), or put it into one of its own.'
        )
    if not os.path.isdir(folder):
        raise MissingFileError(f'The folder {folder} does not exist.')
    skipped = {os.path.realpath(path) for path in skip}
    folder = os.fspath(folder)
    above: dict[str, frozenset[str]] = {folder: frozenset()}
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
            if path.suffix.lower() in suffixes and not file.startswith('.'):
                name = path.relative_to(folder).with_suffix('').as_posix()
                found.setdefault(name, []).append(path)
    return {name: sorted(found[name]) for name in sorted(found)}


def not_read(
    folder: str | os.PathLike,
    skip: Iterable[str | os.PathLike] = (),
    read: Collection[str] = SUFFIXES,
) -> list[str]:
    """Returns how many images of each format that is not read lie below a folder, with an example.

    Args: see :func:`find_images`; ``read`` are suffixes that are read after all.
    """
    found = find_images(folder, skip, {*NOT_READ}.difference(read))
    by_suffix: dict[str, list[Path]] = {}
    for path in (path for paths in found.values() for path in paths):
        by_suffix.setdefault(path.suffix.lower(), []).append(path)
    return [
        f'{counted(len(files), "file")} *{suffix}, such as {min(files)}'
        for suffix, files in sorted(by_suffix.items())
    ]


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


@dataclass(frozen=True, order=True)
class Flaw:
    """One flaw of one file.

    Attributes:
        kind (str): What all flaws of this kind have in common, with the remedy.
        file (str): The file.
        what (str): What is wrong with it in particular; empty where ``kind`` says all.
        name (str): The image that is left out because of it; empty if none is.
    """

    kind: str
    file: str
    what: str = ''
    name: str = ''


def flaws_text(flaws: Iterable[Flaw]) -> str:
    """All flaws, by kind, one file a line."""
    lines, kind = [], None
    for flaw in sorted(set(flaws)):
        if flaw.kind != kind:
            kind = flaw.kind
            lines.append(f'{kind}:')
        line = f'  {flaw.file}' + (f': {flaw.what}' if flaw.what else '')
        if line != lines[-1]:  # one flaw may leave out several images
            lines.append(line)
    return '\n'.join(lines)


def unique(found: Mapping[str, list[Path]], flaws: list[Flaw]) -> dict[str, Path]:
    """One file a name; others, and names that a list cannot hold, are flaws."""
    files = {}
    for name, paths in found.items():
        if len(paths) > 1:
            flaws.append(Flaw(TWICE, ' and '.join(map(str, paths)), '', name))
        elif name != name.strip() or '\n' in name:
            flaws.append(Flaw(EDGE, repr(str(paths[0])), '', name))
        else:
            files[name] = paths[0]
    return files


def renamed(found: dict, names: Collection[str], reasons: list[str]) -> dict:
    """Masks by the name of their image, where all masks end in one tail such as ``_mask``.

    Raises:
        UserError: If two tails are equally frequent.
    """
    if not found or any(name in names for name in found):
        return found
    tails = Counter(tail for name in found if (tail := tail_of(name, names)))
    if not tails:
        return found
    (tail, count), *others = tails.most_common(2)
    if others and others[0][1] == count:
        raise UserError(
            f'Masks are called as their image and {tail!r}, and as many as their image and '
            f'{others[0][0]!r}. Say which files are the masks, such as --mask-files '
            f"'*{tail}.*'; where each image has a mask for each class, put them into one folder "
            'for each class.'
        )
    reasons.append(
        f'names: a mask is called as its image and {tail!r}, because that holds for {count} of '
        f'{len(found)}'
    )
    return {name.removesuffix(tail): paths for name, paths in found.items()}


def tail_of(name: str, names: Collection[str]) -> str:
    """What follows the longest of some names; no number is cut: frame1 is not in frame10."""
    for cut in range(len(name) - 1, 0, -1):
        if name[:cut] in names and not (name[cut - 1].isdigit() and name[cut].isdigit()):
            return name[cut:]
    return ''
