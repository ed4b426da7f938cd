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
