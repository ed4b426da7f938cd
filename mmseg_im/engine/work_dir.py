# SPDX-License-Identifier: Apache-2.0
"""Makes the folder of a run, and locks it against a second run."""

import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import UserError
from .newest_checkpoint import training_checkpoints

LOCK = '.lock'


def make_work_dir(work_dir: str | os.PathLike) -> None:
    """Makes a folder for results, and checks that files can be written there.

    Raises:
        UserError: If it is a file, cannot be made, or cannot be written to.
    """
    try:
        os.makedirs(work_dir, exist_ok=True)
        with tempfile.TemporaryFile(dir=os.fspath(work_dir)):
            pass
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        reason = 'it, or a part of its path, is a file' if is_file else error.strerror
        raise UserError(
            f'The folder {work_dir} cannot be made or written to: {reason}. Choose another folder.'
        ) from None


class Lock:
    """Locks a folder against a second run; the system releases it when the process ends.

    Processes that are forked meanwhile, such as workers that load data, do not hold it.

    Args:
        work_dir (str or PathLike): The folder; made if it does not exist.

    Raises:
        UserError: If another process holds the lock, or the folder cannot be written to.
    """

    def __init__(self, work_dir: str | os.PathLike):
        make_work_dir(work_dir)
        self._lock = FileLock(Path(work_dir) / LOCK)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise UserError(
                f'Another run is at work in {work_dir}. Wait for it or stop it, or choose another '
                '--work-dir.'
            ) from None
        except OSError as error:
            raise UserError(
                f'{Path(work_dir) / LOCK} cannot be locked: {error.strerror}. Delete it, or choose '
                'another --work-dir.'
            ) from None

    def release(self) -> None:
        """Releases the folder."""
        self._lock.release()


def check_is_new(work_dir: str | os.PathLike) -> None:
    """Raises a UserError if a new run would overwrite the checkpoints of another one."""
    found = [*training_checkpoints(work_dir), *sorted(Path(work_dir).glob('best*.pth'))]
    if found:
        raise UserError(
            f'{work_dir} holds the checkpoints of a run already ({found[0].name}). Go on with it '
            'with --resume, or choose another --work-dir.'
        )
