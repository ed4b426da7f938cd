# SPDX-License-Identifier: Apache-2.0
"""Reads lists of image names, one a line; errors name file and line."""

import codecs
import os
import re
from pathlib import Path

from ..errors import UserError

LONGEST = 1024  # characters; no file system has longer file names
REMEDY = 'Save it as plain text (UTF-8), one name a line.'
_ABSOLUTE = re.compile(r'[/\\]|[A-Za-z]:[/\\]')
_CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff]')


def read_lines(path: str | os.PathLike) -> list[tuple[int, str]]:
    """Returns the lines of a text file with their numbers.

    Args:
        path (str or PathLike): The file.

    Returns:
        list[tuple[int, str]]: Number, from 1, and text of each, without white space around it.

    Raises:
        UserError: If it cannot be read, or is no text in UTF-8 with one name a line.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(
            f'The list {path} cannot be read ({error.strerror}). Put a readable file there.'
        ) from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError(f'The list {path} is UTF-16. {REMEDY}')
    if content.startswith(codecs.BOM_UTF8):
        raise UserError(f'The list {path} begins with a byte order mark. Save it without one.')
    lines = []
    # not splitlines: mmengine, which reads the list of a data set, knows no other line ends
    for number, raw in enumerate(content.removesuffix(b'\n').split(b'\n') if content else [], 1):
        try:
            line = raw.removesuffix(b'\r').decode()
        except UnicodeDecodeError:
            raise UserError(
                f'The list {path}, line {number}: bytes that are no UTF-8. {REMEDY}'
            ) from None
        found = _CONTROL.search(line)
        if found:
            raise UserError(
                f'The list {path}, line {number}: the character {found[0]!a} in the line; no '
                f'name has one. {REMEDY}'
            )
        if len(line) > LONGEST:
            raise UserError(
                f'The list {path}, line {number}: {len(line)} characters, and no name is as long. '
                f'{REMEDY}'
            )
        lines.append((number, line.strip()))
    return lines


def check_inside(path: str | os.PathLike, number: int, name: str) -> None:
    """Raises a UserError if a name leads out of the folder to which it is relative.

    Args:
        path (str or PathLike): The list, for the message.
        number (int): The line.
        name (str): What the line says: a path below a folder of images.
    """
    if _ABSOLUTE.match(name):
        problem = 'is an absolute path'
    elif '..' in re.split(r'[/\\]', name):
        problem = 'leads out of the folder of the images'
    else:
        return
    raise UserError(
        f'The list {path}, line {number}: {name!r} {problem}. Name each image relative to that '
        'folder, or set the folder (img_path) to where the images are.'
    )


def read_names(path: str | os.PathLike) -> list[str]:
    """Returns the names in a list, without blank lines.

    Raises:
        UserError: See :func:`read_lines` and :func:`check_inside`.
    """
    names = []
    for number, name in read_lines(path):
        if name:
            check_inside(path, number, name)
            names.append(name)
    return names


def check_list(path: str | os.PathLike) -> None:
    """Checks a list that MMSegmentation will read, to which a blank line is one more image.

    Raises:
        UserError: See :func:`read_names`; and if a line is blank.
    """
    for number, name in read_lines(path):
        if not name:
            raise UserError(f'The list {path}, line {number}, is empty. Take the line out.')
        check_inside(path, number, name)
