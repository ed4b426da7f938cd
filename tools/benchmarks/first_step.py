# SPDX-License-Identifier: Apache-2.0
"""A hook that writes when the first step of a training is done, and what memory it takes."""

import json
import multiprocessing
import os
import time
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class FirstStepHook(Hook):
    """Writes seconds since a moment and MiB of the processes, after the first step.

    Args:
        out_file (str): JSON file: ``seconds``, ``main`` (peak of this process) and ``worker``
            (what the largest process that loads data shares with no other).
        begun (float): The moment, of :func:`time.time`.
    """

    def __init__(self, out_file: str, begun: float):
        self.out_file = Path(out_file)
        self.begun = begun

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """See the class."""
        if runner.iter:
            return
        seconds = time.time() - self.begun
        workers = [own_memory(child.pid) for child in multiprocessing.active_children()]
        found = dict(seconds=seconds, main=peak_memory(os.getpid()), worker=max(workers))
        self.out_file.write_text(json.dumps(found))


def peak_memory(pid: int) -> float:
    """Returns the most MiB that a process had in memory (Linux)."""
    return _mib(f'/proc/{pid}/status', ('VmHWM',))


def own_memory(pid: int) -> float:
    """Returns the MiB of a process that no other process shares (Linux)."""
    return _mib(f'/proc/{pid}/smaps_rollup', ('Private_Clean', 'Private_Dirty'))


def _mib(file: str, keys: tuple[str, ...]) -> float:
    lines = (line.partition(':') for line in Path(file).read_text().splitlines())
    return sum(int(value.split()[0]) for key, _, value in lines if key in keys) / 1024
