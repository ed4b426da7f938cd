# SPDX-License-Identifier: Apache-2.0
"""Finds the image that a label file means by a path of the machine on which it was written."""

from collections import defaultdict
from collections.abc import Collection
from pathlib import PureWindowsPath

from ..folders import composed_name


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
        """Returns the name of an image, or None.

        Args:
            path (str): With ``/`` or ``\\``. Its longest end that is a name counts, with folders
                or without; else the one image anywhere with its file name.
        """
        parts = [composed_name(part) for part in PureWindowsPath(path).parts]
        if not parts:
            return None
        parts[-1] = PureWindowsPath(parts[-1]).stem
        for i in range(len(parts)):
            if (name := '/'.join(parts[i:])) in self.names:
                return name
        same = self._by_last.get(parts[-1], [])
        return same[0] if len(same) == 1 else None
