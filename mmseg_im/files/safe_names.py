# SPDX-License-Identifier: Apache-2.0
"""Checks file names that come from archives, indices and lists."""

from pathlib import PurePosixPath, PureWindowsPath

LONGEST = 255  # bytes of a file's name on all common file systems


def leads_outside(name: str) -> bool:
    """Returns whether a path, with ``/`` or ``\\``, leads out of its folder on any system."""
    parts = PurePosixPath(name.replace('\\', '/'))
    drives = any(PureWindowsPath(part).drive for part in parts.parts)
    return parts.is_absolute() or '..' in parts.parts or drives


def flaw_of_name(name: str) -> str | None:
    """Returns why a relative path cannot be the name of a file, or None.

    A line break would add a line to a list, and a NUL ends a name early.
    """
    if leads_outside(name):
        return 'leads out of its folder'
    if any(ord(char) < 32 or ord(char) == 127 for char in name):
        return 'has a control character'
    try:
        parts = [part.encode() for part in name.split('/')]
    except UnicodeEncodeError:
        return 'is no Unicode text'
    if max(map(len, parts)) > LONGEST:
        return f'is longer than {LONGEST} bytes'
    return None
