# SPDX-License-Identifier: Apache-2.0
"""Finds the image that a label file means by a path of the machine on which it was written."""

from collections import defaultdict
from collections.abc import Collection
from pathlib import PureWindowsPath

from ..folders import NOT_READ, SUFFIXES, composed_name


class ImageNames:
    """Names of images, found by paths that end like them.

    Args:
        names (Collection[str]): Paths below the folder of images, without suffix.
    """

    def __init__(self, names: Collection[str]):
        self.names = names
        self._by_last: defaultdict[str, list[str]] = defaultdict(list)
        for name in names:
            self._by_last[name.rpartition('/')[2]].append(name)

    def find(self, path: str) -> str | None:
        """Returns the name of the one image that a path means, or None; see :meth:`candidates`."""
        found = self.candidates(path)
        return found[0] if len(found) == 1 else None

    def candidates(self, path: str) -> list[str]:
        """Returns the names that a path may mean: one, none, or several that end like it.

        Args:
            path (str): With ``/`` or ``\\``. Its longest end that is a name counts, with folders
                or without; else images of its file name whose folder is not another one than the
                path has.
        """
        several: list[str] = []
        *folders, last = [composed_name(part) for part in PureWindowsPath(path).parts] or ['']
        for end in _without_suffix(last):
            parts = [*folders, end]
            for i in range(len(parts)):
                if (name := '/'.join(parts[i:])) in self.names:
                    return [name]
            same = [
                name for name in self._by_last.get(end, ())
                if not folders or name.split('/')[-2] == folders[-1]
            ]  # fmt: skip
            if len(same) == 1:
                return same
            several = several or same
        return several


def folders_shared(path: str, name: str) -> int:
    """Returns how many folders, from the last on, a path and the name of an image share."""
    stated = [composed_name(part) for part in PureWindowsPath(path).parts[-2::-1]]
    count = 0
    for a, b in zip(stated, name.split('/')[-2::-1], strict=False):
        if a != b:
            break
        count += 1
    return count


def _without_suffix(file: str) -> list[str]:
    """What a file may be called without its suffix: a number after a dot is none."""
    stem, suffix = PureWindowsPath(file).stem, PureWindowsPath(file).suffix.lower()
    if suffix in (*SUFFIXES, *NOT_READ):
        return [stem]
    return [file] if suffix[1:].isdigit() else [file, stem]
