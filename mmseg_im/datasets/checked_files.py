# SPDX-License-Identifier: Apache-2.0
"""Remembers which files were checked, so that the next start only looks whether they changed."""

import contextlib
import io
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process

from ..errors import UserError
from ..files.atomic import write_aside
from .in_threads import THREADS, in_threads
from .sample_files import files_of

FILE = '.checked_files.npz'
VERSION = 2  # another one where checks find more than they did: all is checked again
SETS = 2**16  # different sets of classes that are remembered; samples with others are checked again


class CheckedFiles:
    """The files that were checked in a run, and in earlier ones of its folder.

    A sample is known by a number of 64 bits, made of the paths, sizes and times of change of its
    files and of what was checked: 10 bytes of each are kept, in arrays and in one file.

    Args:
        folder (Path, optional): Holds the file; None keeps nothing.
        enabled (bool): Whether files are checked at all.
    """

    def __init__(self, folder: Path | None = None, enabled: bool = True):
        self.path = None if folder is None else folder / FILE
        self.enabled = enabled
        self._keys, self._which = np.empty(0, np.uint64), np.empty(0, np.uint16)
        self._sets: list[frozenset[int]] = []
        self._new_keys, self._new_which = array('Q'), array('H')
        if self.path is not None:
            # a file that is missing, or damaged in whichever way, says that nothing was checked
            with contextlib.suppress(Exception):
                self._read(self.path)
        self._numbers = {classes: i for i, classes in enumerate(self._sets)}

    def find(self, key: int) -> frozenset[int] | None:
        """Returns the classes that were found in a sample; None if it was not checked."""
        at = int(np.searchsorted(self._keys, np.uint64(key)))
        if at == len(self._keys) or int(self._keys[at]) != key:
            return None
        return self._sets[self._which[at]]

    def add(self, key: int, found: Iterable[int]) -> None:
        """Remembers that a sample was checked, and the classes in it, each in 0 to 255."""
        if self.path is None:
            return
        classes = frozenset(found)
        if classes not in self._numbers:
            if len(self._sets) == SETS:
                return
            self._numbers[classes] = len(self._sets)
            self._sets.append(classes)
        self._new_keys.append(key)
        self._new_which.append(self._numbers[classes])

    def write(self) -> None:
        """Writes the file, if there is something new, by the main process."""
        if not self._new_keys or self.path is None:
            return
        keys = np.concatenate([self._keys, np.array(self._new_keys, np.uint64)])
        which = np.concatenate([self._which, np.array(self._new_which, np.uint16)])
        self._keys, first = np.unique(keys, return_index=True)
        self._which = which[first]
        del self._new_keys[:], self._new_which[:]
        if not is_main_process():
            return
        table = np.zeros((len(self._sets), 256), bool)
        for row, classes in zip(table, self._sets, strict=True):
            row[list(classes)] = True
        content = io.BytesIO()
        np.savez(content, keys=self._keys, which=self._which, sets=table)
        with contextlib.suppress(UserError):  # a full disk is no reason not to train
            write_aside(self.path, content.getvalue())

    def _read(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as content:
            keys, which, table = (content[name] for name in ('keys', 'which', 'sets'))
        form = [(a.dtype, a.ndim) for a in (keys, which, table)]
        right = [(np.dtype(np.uint64), 1), (np.dtype(np.uint16), 1), (np.dtype(bool), 2)]
        if form != right or len(keys) != len(which) or np.any(keys[1:] <= keys[:-1]):
            raise ValueError('another form')
        if which.size and which.max() >= len(table):
            raise ValueError('another form')
        self._keys, self._which = keys, which
        self._sets = [frozenset(np.flatnonzero(row).tolist()) for row in table]


_current = CheckedFiles()


@contextlib.contextmanager
def remembering(folder: str | os.PathLike, enabled: bool) -> Iterator[None]:
    """Remembers in a folder which files are checked meanwhile.

    Args:
        folder (str or PathLike): Of the run.
        enabled (bool): ``check_files`` of its config: whether to check files at all.

    Raises:
        UserError: If ``enabled`` is something else.
    """
    global _current
    if not isinstance(enabled, bool):
        raise UserError(f'check_files={enabled!r} must be True or False.')
    before = _current
    _current = CheckedFiles(Path(folder), enabled)
    try:
        yield
    finally:
        _current = before


def check_new(
    check: Callable[[dict], Iterable[int] | None],
    infos: Iterable[dict],
    count: int,
    what: str,
    how: str | None,
    threads: int = THREADS,
) -> Iterator[frozenset[int]]:
    """Yields the classes in samples, each of which is checked if it has not been, or has changed.

    Args:
        check (Callable): Checks the files of a data info; returns the classes in them, if any.
        infos (Iterable[dict]): Of the samples.
        count (int): Their number.
        what (str): For the bar that shows the progress.
        how (str, optional): All on which the check depends, beside the files; None: what is
            checked is not remembered.
        threads (int): That check at the same time.

    Yields:
        frozenset[int]: For each sample; nothing at all if files are not to be checked.
    """
    memory = _current
    if not memory.enabled:
        return
    how = None if how is None or memory.path is None else f'{VERSION} {os.getcwd()} {how}'

    def check_one(info: dict) -> tuple[int | None, frozenset[int]]:
        key = None if how is None else _key_of(how, info)
        known = None if key is None else memory.find(key)
        return (None, known) if known is not None else (key, frozenset(check(info) or ()))

    for key, found in in_threads(check_one, infos, count, what, threads):
        if key is not None:
            memory.add(key, found)
        yield found
    memory.write()


def _key_of(how: str, info: dict) -> int | None:
    """Returns the number of 64 bits by which a sample is known; None if a file is missing."""
    how += f'{info.get("label_map")}{info.get("reduce_zero_label")}'
    digest = blake2b(how.encode(errors='surrogateescape'), digest_size=8)
    try:
        for file in files_of(info):
            found = os.stat(file)
            digest.update(os.fsencode(f'\0{file}\0{found.st_size}\0{found.st_mtime_ns}'))
    except (OSError, ValueError):
        return None
    return int.from_bytes(digest.digest(), 'little')
