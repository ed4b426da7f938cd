# SPDX-License-Identifier: Apache-2.0
"""Runs a tool, kills it with its workers (kill -9) at random moments, goes on until it is done."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from tests.tool_runs import start_tool


def run_to_the_end(log: Path, *command: str) -> float:
    """Runs a command of ``tools``; its seconds.

    Raises:
        RuntimeError: If it does not end well; with the end of its output.
    """
    begun = time.monotonic()
    process = start_tool(*command, log=log)
    process.join()
    if process.exitcode:
        raise RuntimeError(f'status {process.exitcode}\n{log.read_text()[-3000:]}')
    return time.monotonic() - begun


def kill_at(seconds: float, log: Path, *command: str) -> bool:
    """Starts a command and kills it and all its children after some seconds.

    Returns:
        bool: Whether it was killed; False if it had ended by then.
    """
    process = start_tool(*command, log=log)
    process.join(seconds)
    if process.exitcode is not None:
        return False
    kill_group(process)
    return True


def kill_group(process: BaseProcess) -> None:
    """kill -9 of a process that leads a group, and of the group."""
    process.kill()  # at its very beginning it does not lead a group yet
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def kill_and_resume(
    rng: random.Random,
    kills: int,
    duration: float,
    log: Path,
    command: Sequence[str],
    resume: Callable[[], Sequence[str]],
) -> list[float]:
    """Kills a run at random moments, resumes it each time, and lets it end.

    Args:
        rng (random.Random): Draws the moments.
        kills (int): How often; fewer if the run ends before.
        duration (float): Moments lie before this number of seconds.
        log (Path): For the output.
        command (Sequence[str]): The first start.
        resume (Callable[[], Sequence[str]]): The command that goes on, with what is there.

    Returns:
        list[float]: Seconds after each start at which it was killed.
    """
    moments = []
    for _ in range(kills):
        moment = rng.uniform(0, duration)
        if not kill_at(moment, log, *command):
            return moments
        moments.append(moment)
        command = resume()
    run_to_the_end(log, *command)
    return moments


def differences(one: Path, other: Path, patterns: Sequence[str]) -> list[str]:
    """Files that differ between two folders, bit by bit; of checkpoints, what training needs.

    Args:
        one, other (Path): The folders; ``one`` says which files there are.
        patterns (Sequence[str]): Which files to compare, such as ``**/*.png``.
    """
    found = []
    for pattern in patterns:
        names = {path.relative_to(one) for path in one.glob(pattern)}
        assert names, f'{one} has no {pattern}'
        for name in sorted(names | {path.relative_to(other) for path in other.glob(pattern)}):
            a, b = one / name, other / name
            if not (a.is_file() and b.is_file()) or not _equal(a, b):
                found.append(str(name))
    return found


def _equal(one: Path, other: Path) -> bool:
    if one.suffix != '.pth':
        return one.read_bytes() == other.read_bytes()
    a, b = (torch.load(path, 'cpu', weights_only=False) for path in (one, other))  # our own files
    clocks = ('meta', 'message_hub')  # hold times and what was logged of them
    return _same(*({k: v for k, v in c.items() if k not in clocks} for c in (a, b)))


def _same(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b
