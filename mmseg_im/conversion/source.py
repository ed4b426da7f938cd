# SPDX-License-Identifier: Apache-2.0
"""Files of a folder, a zip or a tar archive, read alike and without unpacking."""

import functools
import os
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..errors import MissingFileError, UserError

ARCHIVES = ('.zip', '.tar', '.tar.gz', '.tgz')
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError)


class Source:
    """A folder or an archive (zip, tar, tar.gz) as a collection of named files.

    It holds a path only, so that it can be sent to other processes; each process opens the
    archive for itself, once.

    Args:
        path (str or PathLike): Folder or archive.

    Raises:
        MissingFileError: If it does not exist.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        if not self.path.exists():
            raise MissingFileError(f'{path} does not exist.')

    def __str__(self) -> str:
        return str(self.path)

    def names(self) -> list[str]:
        """Files in it, as paths with ``/``, in the order in which they are read fastest.

        Hidden files and what macOS adds to archives are left out.

        Raises:
            UserError: If the archive is damaged, or a name leads out of it.
        """
        names = _folder_names(self.path) if self.path.is_dir() else _archive(self.path).names()
        for name in names:
            if _leads_outside(name):
                raise UserError(
                    f'{self.path} holds the file {name!r}, whose path leads out of the archive. '
                    'Nothing was read; get the archive from its official page.'
                )
        return [name for name in names if not _is_clutter(name)]

    def read(self, name: str) -> bytes:
        """Content of one file.

        Raises:
            UserError: If it is not there or damaged.
        """
        try:
            if _leads_outside(name):
                raise KeyError(name)
            if self.path.is_dir():
                return (self.path / name).read_bytes()
            return _archive(self.path).read(name)
        except KeyError:
            raise UserError(f'{self.path} has no file {name!r}.') from None
        except DAMAGED as error:
            raise UserError(
                f'{name} in {self.path} cannot be read ({error}). Get the data again.'
            ) from error


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace('\\', '/'))
    return path.is_absolute() or '..' in path.parts or bool(PureWindowsPath(name).drive)


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return '__MACOSX' in parts or any(part.startswith('.') for part in parts)


def _folder_names(folder: Path) -> list[str]:
    names, seen = [], set()
    for place, folders, files in os.walk(folder, followlinks=True):
        if os.path.realpath(place) in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(os.path.realpath(place))
        folders.sort()
        relative = Path(place).relative_to(folder)
        names += [(relative / name).as_posix() for name in sorted(files)]
    return names


class _Zip:
    def __init__(self, path: Path):
        self.file = zipfile.ZipFile(path)

    def names(self) -> list[str]:
        return [info.filename for info in self.file.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes:
        return self.file.read(name)


class _Tar:
    """A compressed one is fast only if its files are read in their order."""

    def __init__(self, path: Path):
        self.file = tarfile.open(path)  # noqa: SIM115  (stays open as long as the process)
        # no links, no devices: data sets have none, and a link can point anywhere
        self.members = {info.name: info for info in self.file if info.isfile()}

    def names(self) -> list[str]:
        return list(self.members)

    def read(self, name: str) -> bytes:
        return self.file.extractfile(self.members[name]).read()


def _archive(path: Path) -> _Zip | _Tar:
    # a forked process inherits the cache; with the handle of its parent it would move the
    # parent's place in the file
    return _open(path, os.getpid())


@functools.lru_cache(maxsize=32)
def _open(path: Path, process: int) -> _Zip | _Tar:
    try:
        return _Zip(path) if path.suffix == '.zip' else _Tar(path)
    except DAMAGED as error:
        raise UserError(
            f'{path} is not a whole archive ({error}). Download it again; its size should be the '
            'one on the official page.'
        ) from error
