# SPDX-License-Identifier: Apache-2.0
"""Finds the archives of a data set, and the files in them; all that is missing is said at once."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from conversion.source import ARCHIVES, Source, check_inside
from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.errors.wording import counted

SHOWN = 5  # names in a message


def locate(
    folder: str | os.PathLike,
    wanted: Mapping[str, Sequence[str]],
    page: str,
    optional: Sequence[str] = (),
) -> dict[str, Source]:
    """Finds archives, or the folders that were unpacked from them.

    Args:
        folder (str or PathLike): Where they lie; an archive stands for the folder it lies in.
        wanted (Mapping[str, Sequence[str]]): For each key the names that it may have: archives
            first, because an unpacked folder may be incomplete. An archive may also be a folder
            of its name without suffix, and ``folder`` itself may be what is wanted.
        page (str): Official page of the data set, for the message.
        optional (Sequence[str]): Keys that may be missing.

    Returns:
        dict[str, Source]: What was found.

    Raises:
        MissingFileError: If something is missing; names all of it.
        UserError: If it is a link that leads out of the folder.
    """
    folder = Path(folder)
    if folder.is_file():
        folder = folder.parent
    if not folder.is_dir():
        raise MissingFileError(
            f'The folder {folder} does not exist. Put what is downloaded from {page} there.'
        )
    found, missing = {}, []
    for key, wanted_names in wanted.items():
        stems = [n.removesuffix(end) for n in wanted_names for end in ARCHIVES if n.endswith(end)]
        names = list(dict.fromkeys([*wanted_names, *stems]))
        places = [folder / name for name in names if (folder / name).exists()]
        places += [folder] if folder.absolute().name in (Path(n).name for n in names) else []
        if places:
            check_inside(places[0], folder)
            found[key] = Source(places[0])
        elif key not in optional:
            missing.append(' or '.join(wanted_names))
    if missing:
        raise MissingFileError(
            f'{folder} lacks {_join(missing)}. Get '
            f'{"it" if len(missing) == 1 else "them"} at {page}.'
        )
    return found


def _join(names: Sequence[str]) -> str:
    return '; '.join(names[:-1]) + ('; and ' if len(names) > 1 else '') + names[-1]


def members(source: Source, pattern: str, example: str) -> dict[tuple[str, ...] | str, str]:
    """Files whose path matches a pattern somewhere.

    Args:
        source (Source): Where to look.
        pattern (str): Regular expression with at least one group, searched in the paths, so that
            folders above what it describes do not matter.
        example (str): A path that matches, for the message.

    Returns:
        dict: From the group, or the tuple of groups, to the path of the file.

    Raises:
        UserError: If none matches, or two files have the same groups.
    """
    found = {}
    for name in source.names():
        match = re.search(pattern, name)
        if match is None:
            continue
        key = match.groups() if len(match.groups()) > 1 else match.group(1)
        if key in found:
            raise UserError(
                f'{source} holds the same file twice: {found[key]} and {name}. Take one away.'
            )
        found[key] = name
    if not found:
        raise UserError(
            f'{source} holds no file like {example}. Is it the archive of this data set, and whole?'
        )
    return found


def shown(names: Sequence[str]) -> str:
    """The first of many names, for messages."""
    names = sorted(names)
    rest = f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''
    return ', '.join(names[:SHOWN]) + rest


def check_pairs(images, labels, what: str) -> None:
    """Checks that every image has its annotation.

    Args:
        images (Iterable): Keys of the images: names, or tuples of folder and name.
        labels (Collection): Keys of the annotations.
        what (str): What the annotations are and where, for the message.

    Raises:
        UserError: If one is missing.
    """
    alone = [key if isinstance(key, str) else '/'.join(key) for key in images if key not in labels]
    if alone:
        raise UserError(
            f'{counted(len(alone), "image has", "images have")} no {what}: {shown(alone)}. '
            'Get the annotations again, or take these images away.'
        )
