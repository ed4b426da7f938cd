# SPDX-License-Identifier: Apache-2.0
"""Runs a tool of the command line in a process of its own, forked from one that has imported all.

A signal may end it, and its settings are its own; started afresh, each would import torch and
mmseg for seconds.
"""

import contextlib
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import traceback
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload(['tests.preload'])


class Ended(NamedTuple):
    """How a process ended.

    Attributes:
        status (int): Its exit status; negative: ended by this signal.
        output (str): Its stdout and stderr.
    """

    status: int
    output: str


def run_tool(
    tool: str,
    *args,
    log: Path,
    env: dict | None = None,
    cwd: Path | None = None,
    seconds: float = 120,
) -> Ended:
    """Runs ``tools/<tool>`` with arguments, as a user would.

    Args:
        tool (str): Path of the script below ``tools``.
        *args: Its arguments.
        log (Path): File for its output.
        env (dict, optional): Environment variables to set.
        cwd (Path, optional): Its working directory; by default that of the tests.
        seconds (float): After this time it is killed (status -9).
    """
    process = start_tool(tool, *args, log=log, env=env, cwd=cwd)
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
    return Ended(process.exitcode, log.read_text(errors='replace') if log.exists() else '')


def start_tool(
    tool: str, *args, log: Path, env: dict | None = None, cwd: Path | None = None
) -> BaseProcess:
    """Starts ``tools/<tool>`` as the leader of a process group, see :func:`run_tool`."""
    argv = [str(ROOT / 'tools' / tool), *map(str, args)]
    process = CONTEXT.Process(
        target=run_script, args=(argv, str(log), env or {}, str(cwd or Path.cwd()))
    )
    process.start()
    return process


def start_ranks(world_size: int, script: str, *args, log: Path) -> list[BaseProcess]:
    """Starts a script once for each process of a group, as ``torchrun`` does, see `start_tool`."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = str(probe.getsockname()[1])
    where = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=port, WORLD_SIZE=str(world_size))
    return [
        start_tool(script, *args, log=log, env=dict(where, RANK=str(rank), LOCAL_RANK=str(rank)))
        for rank in range(world_size)
    ]


def finish(process: BaseProcess, log: Path, seconds: float = 240) -> None:
    """Waits for a process that was started, and checks that it ended well."""
    process.join(seconds)
    assert process.exitcode == 0, f'{process.exitcode}\n{log.read_text(errors="replace")[-3000:]}'


def run_script(argv: list[str], log: str, env: dict, cwd: str) -> None:
    """Turns this process into that of a script, and ends it.

    Args:
        argv (list[str]): The script and its arguments.
        log (str): File for its output.
        env (dict): Environment variables to set.
        cwd (str): Its working directory.
    """
    os.setpgid(0, 0)
    # not the way in which this process was started: its workers would import everything anew
    multiprocessing.set_start_method('fork', force=True)
    os.chdir(cwd)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    os.environ.update(env)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = argv
    sys.path.insert(0, os.path.dirname(argv[0]))
    try:
        runpy.run_path(argv[0], run_name='__main__')
        status = 0
    except SystemExit as end:  # as the interpreter treats it
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def assert_refused(ended: Ended, *parts: str) -> str:
    """Checks that a process ended with a sentence for its user, and returns the sentence.

    Args:
        ended (Ended): From :func:`run_tool`.
        *parts (str): What the sentence must contain, such as the file's name.
    """
    assert ended.status > 0, f'status {ended.status}\n{ended.output[-3000:]}'
    assert 'Traceback' not in ended.output, ended.output[-3000:]
    lines = ended.output.strip().splitlines()
    sentence = lines[-1] if lines else ''
    for part in parts:
        assert part in sentence, f'{part!r} is not in the last line:\n{ended.output[-3000:]}'
    return sentence
