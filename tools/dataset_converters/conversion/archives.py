# SPDX-License-Identifier: Apache-2.0
"""Zip and tar archives that are read without trust: bounded in memory, time and number of files.

The limits are far above all archives of data sets (the largest here, of 44 GB and 20,000 files,
grows by less than a tenth) and keep a small file from becoming a large one.
"""

import gzip
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import BinaryIO

from mmseg_im.errors import UserError

MAX_FILE = 256 * 2**20
"""int: Bytes of one file: an image of 9000 x 9000 pixels without compression."""

MAX_RATIO = 100
"""int: Bytes of all files to those of the archive. Images are compressed already and hardly grow;
masks as BMP grow by 20 to 50. What stays below ``FREE_TOTAL`` may grow more, as blank masks do."""

FREE_TOTAL = 4 * 2**30
"""int: Bytes of all files that are no danger, whatever the ratio."""

MAX_ENTRIES = 5_000_000
"""int: Files and folders."""

MAX_HEADER = 2**13
"""int: Bytes of a header of tar, such as one with a long name."""

MAX_COMMON_HEADERS = 20
"""int: Headers that tar sets for all files that follow; git writes one."""

REPACK = 'Unpack it and pass the folder, or get it from its official page.'


class Totals:
    """Counts what an archive claims to hold.

    Args:
        path (Path): The archive.
    """

    def __init__(self, path: Path):
        self.path = path
        self.limit = max(FREE_TOTAL, MAX_RATIO * path.stat().st_size)
        self.entries = self.bytes = 0

    def add(self, name: str, size: int) -> None:
        """Counts an entry.

        Raises:
            UserError: If it is too large, or there are too many.
        """
        self.entries += 1
        self.bytes += size
        if not 0 <= size <= MAX_FILE:
            what = f'{name!r}, a file of {size >> 20} MiB; {MAX_FILE >> 20} are allowed'
        elif self.bytes > self.limit:
            what = f'more than {self.limit >> 20} MiB, over {MAX_RATIO} times its own size'
        elif self.entries > MAX_ENTRIES:
            what = f'more than {MAX_ENTRIES} files'
        else:
            return
        raise refusal(self.path, f'claims to hold {what}')


def refusal(path: Path, what: str) -> UserError:
    """The error for an archive that no data set has."""
    return UserError(f'{path} {what}. Nothing of it is used. {REPACK}')


class Zip:
    """A zip archive of stored or deflated files.

    Raises:
        UserError: If it is encrypted, holds links, or is larger inside than :class:`Totals` allows.
    """

    def __init__(self, path: Path):
        self.path = path
        self.file = zipfile.ZipFile(path)
        self._check()

    def _check(self) -> None:
        totals, stored = Totals(self.path), 0
        for info in self.file.infolist():
            totals.add(info.filename, info.file_size)
            stored += info.compress_size
            if '\0' in info.orig_filename:
                raise refusal(self.path, f'holds the name {info.orig_filename!r} with a NUL')
            if info.flag_bits & 1:
                raise refusal(self.path, f'is encrypted, such as {info.filename!r}')
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refusal(self.path, f'holds {info.filename!r}, a link or a device')
            # others would be expanded in one piece, whatever their size
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise refusal(self.path, f'compresses {info.filename!r} in a way that is not known')
        if stored > self.path.stat().st_size:  # files that lie over each other
            raise refusal(self.path, f'claims to hold {stored} compressed bytes, and is shorter')

    def names(self) -> list[str]:
        return [info.filename for info in self.file.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes:
        info = self.file.getinfo(name)
        with self.file.open(info) as file:
            content = file.read(info.file_size + 1)
        if len(content) != info.file_size:
            raise zipfile.BadZipFile(f'{len(content)} bytes, and {info.file_size} are claimed')
        return content


class Tar:
    """A tar archive, perhaps compressed by gzip; that is fast only if read in its order.

    Raises:
        UserError: If it holds links, devices or sparse files, or is larger inside than
            :class:`Totals` allows.
    """

    def __init__(self, path: Path):
        with open(path, 'rb') as file:
            compressed = file.read(2) == b'\x1f\x8b'
        self.file = gzip.open(path) if compressed else open(path, 'rb')  # noqa: SIM115  (stays open)
        totals = Totals(path)
        self.members: dict[str, tuple[int, int]] = {}  # where it begins, and its bytes
        self.repeated: list[str] = []
        with tarfile.open(fileobj=_SmallReads(self.file, path), mode='r:') as archive:
            for info in archive:
                totals.add(info.name, info.size)
                if len(archive.pax_headers) > MAX_COMMON_HEADERS:  # each is copied for every file
                    raise refusal(path, f'sets {len(archive.pax_headers)} headers for all files')
                if info.isdir():
                    continue
                if not info.isfile() or info.issparse():
                    raise refusal(path, f'holds {info.name!r}, a link, a device or a sparse file')
                if info.name in self.members:
                    self.repeated.append(info.name)
                self.members[info.name] = info.offset_data, info.size
                archive.members.clear()  # which keeps the headers of each

    def names(self) -> list[str]:
        return [*self.members, *self.repeated]

    def read(self, name: str) -> bytes:
        start, size = self.members[name]
        self.file.seek(start)
        content = self.file.read(size)
        if len(content) != size:
            raise tarfile.ReadError('unexpected end of data')
        return content


class _SmallReads:
    """A file whose headers are read; tarfile reads one in a piece, whatever size it claims."""

    def __init__(self, file: BinaryIO, path: Path):
        self.file, self.path = file, path
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise refusal(self.path, f'has a header of {size} bytes; {MAX_HEADER} are allowed')
        return self.file.read(size)
