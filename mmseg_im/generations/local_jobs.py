# SPDX-License-Identifier: Apache-2.0
"""Processes and GPUs of this machine, for the jobs that run on it."""

import contextlib
import os
import signal
from pathlib import Path

import torch

from .jobs import is_locked


class Controller:
    """The process of submitit that started a job of an earlier run.

    Args:
        number (int): Its process id.
        folder (Path): Of the job.
    """

    def __init__(self, number: int, folder: Path):
        self.number = number
        self.folder = folder

    def done(self) -> bool:
        """Returns whether it has ended; its id may be that of another process by now."""
        place = Path(f'/proc/{self.number}')
        try:
            command = (place / 'cmdline').read_bytes()
            state = (place / 'stat').read_bytes().rpartition(b')')[2].split()[0]
        except OSError:  # also where a system has no such files: the lock says it, once it is taken
            return not is_locked(self.folder)
        if not command and state not in (b'Z', b'X'):
            return False  # it is being started: the system has not written its arguments yet
        return os.fsencode(self.folder.absolute()) not in command.split(b'\0')

    def cancel(self, check: bool = True) -> None:
        """Ends it and its job."""
        if not self.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.number, signal.SIGINT)


def found(folder: Path, number: str) -> Controller | None:
    """Returns the process that does a job, None if it has ended.

    Args:
        folder (Path): Of the job.
        number (str): The id of the process.
    """
    process = Controller(int(number), folder)
    return None if process.done() else process


def visible_gpus() -> list[str]:
    """Returns the GPUs that this process may use, by their numbers on the machine."""
    given = os.environ.get('CUDA_VISIBLE_DEVICES')
    if given is None or not torch.cuda.device_count():
        return [str(i) for i in range(torch.cuda.device_count())]
    return [name.strip() for name in given.split(',') if name.strip()]
