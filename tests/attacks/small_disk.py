# SPDX-License-Identifier: Apache-2.0
"""A file system in memory that can be filled to the last byte and emptied again."""

import contextlib
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

_BALLAST = '.ballast'


class SmallDisk:
    """A mounted tmpfs.

    Args:
        folder (Path): Where it is mounted.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def used(self) -> int:
        """Bytes of all blocks in use."""
        stat = os.statvfs(self.folder)
        return (stat.f_blocks - stat.f_bfree) * stat.f_frsize

    def leave(self, size: int) -> None:
        """Fills the disk until ``size`` bytes are free (or fewer, if fewer were)."""
        stat = os.statvfs(self.folder)
        excess = stat.f_bavail * stat.f_frsize - size
        if excess > 0:
            with open(self.folder / _BALLAST, 'ab') as file, contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, excess)

    def make_space(self) -> None:
        """Takes away what filled it."""
        (self.folder / _BALLAST).unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = 64) -> Iterator[SmallDisk]:
    """Mounts one, for root alone.

    Raises:
        SystemExit: If it cannot be mounted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'tmpfs', str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f'{folder} cannot be mounted ({done.stderr.strip()}); this needs root.')
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(['umount', '--lazy', str(folder)], check=True)


def torn(folder: Path) -> list[str]:
    """Files in a folder that are half-written: cut checkpoints, and what lies aside."""
    found = [str(path) for path in folder.rglob('.*.tmp')]
    for path in folder.rglob('*.pth'):
        with contextlib.suppress(zipfile.BadZipFile):
            with zipfile.ZipFile(path) as archive:
                if archive.testzip() is None:
                    continue
        found.append(str(path))
    return found
