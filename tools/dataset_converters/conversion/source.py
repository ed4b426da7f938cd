# SPDX-License-Identifier: Apache-2.0
"""Files of a folder, a zip or a tar archive, read alike and without unpacking."""

import functools
import os
import stat
from collections import Counter
from pathlib import Path, PurePosixPath

from conversion.archives import MAX_FILE, Tar, Zip
from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.files.safe_names import flaw_of_name, leads_outside

ARCHIVES = ('.zip', '.tar', '.tar.gz', '.tgz')


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
            UserError: If the archive is damaged or dangerous, a name or a link leads out of it, a
                name occurs twice or is none that all systems can have.
        """
        names = _folder_names(self.path) if self.path.is_dir() else _archive(self.path).names()
        for name in names:
            flaw = flaw_of_name(name)
            if flaw:
                raise UserError(
                    f'{self.path} holds the file {name!r}, whose path {flaw}. Nothing was read; '
                    'get the archive from its official page, or rename the file.'
                )
        names = [name for name in names if not _is_clutter(name)]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise UserError(f'{self.path} holds the file {twice[0]!r} twice. Take one away.')
        return names

    def read(self, name: str) -> bytes:
        """Content of one file.

        Raises:
            UserError: If it is not there, damaged or too large.
        """
        try:
            if leads_outside(name):
                raise KeyError(name)
            if self.path.is_dir():
                return _read_file(self.path, name)
            return _archive(self.path).read(name)
        except KeyError:
            raise UserError(f'{self.path} has no file {name!r}.') from None
        except UserError:
            raise
        except Exception as error:  # what a broken file raises depends on its kind
            raise UserError(
                f'{name} in {self.path} cannot be read ({error}). Get the data again.'
            ) from error


def check_inside(path: Path, folder: Path) -> None:
    """Checks that no symbolic link leads from a folder to a place outside of it.

    Raises:
        UserError: If ``path``, which lies in ``folder``, does not when links are followed.
    """
    real = os.path.realpath(path)
    if not Path(real).is_relative_to(os.path.realpath(folder)):
        raise UserError(
            f'{path} is a symbolic link that leads out of {folder}, to {real}. Put the files '
            'themselves there, or pass the folder that holds them.'
        )


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
        for name in (*folders, *files):
            if os.path.islink(os.path.join(place, name)):
                check_inside(Path(place, name), folder)
        relative = Path(place).relative_to(folder)
        names += [(relative / name).as_posix() for name in sorted(files)]
    return names


def _read_file(folder: Path, name: str) -> bytes:
    path = folder / name
    check_inside(path, folder)
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):  # a pipe would never end
        raise UserError(f'{path} is no ordinary file. Take it away.')
    if found.st_size > MAX_FILE:
        raise UserError(f'{path} has {found.st_size >> 20} MiB; {MAX_FILE >> 20} are allowed.')
    return path.read_bytes()


def _archive(path: Path) -> Zip | Tar:
    # a forked process inherits the cache; with the handle of its parent it would move the
    # parent's place in the file
    return _open(path, os.getpid())


@functools.lru_cache(maxsize=32)
def _open(path: Path, process: int) -> Zip | Tar:
    try:
        return Zip(path) if path.suffix == '.zip' else Tar(path)
    except UserError:
        raise
    except Exception as error:  # what a broken file raises depends on its kind
        raise UserError(
            f'{path} is not a whole archive ({error}). Download it again; its size should be the '
            'one on the official page.'
        ) from error
