# SPDX-License-Identifier: Apache-2.0
"""Runs a tool on many files, each in a process of its own that one process forks.

Forking costs a hundredth of what starting the tool anew does, and a signal still ends but one.
"""

import os
import signal
import time
from pathlib import Path

from tests.tool_runs import CONTEXT, Ended, run_script


def run_batch(
    tool: str, arguments: list[list[str]], folder: Path, seconds: float = 60
) -> list[Ended]:
    """Runs ``tools/<tool>`` once for each list of arguments.

    Args:
        tool (str): Path of the script below ``tools``.
        arguments (list[list[str]]): One list for each run.
        folder (Path): For the outputs and statuses.
        seconds (float): After this time one run is killed (status -9).
    """
    folder.mkdir(parents=True, exist_ok=True)
    process = CONTEXT.Process(target=_fork_all, args=(tool, arguments, str(folder), seconds))
    process.start()
    process.join()
    assert process.exitcode == 0
    return [
        Ended(
            int((folder / f'{i}.status').read_text()),
            (folder / f'{i}.log').read_text(errors='replace'),
        )
        for i in range(len(arguments))
    ]


def _fork_all(tool: str, arguments: list[list[str]], folder: str, seconds: float) -> None:
    from tests.conftest import ROOT

    for i, some in enumerate(arguments):
        child = os.fork()
        if child == 0:
            argv = [str(ROOT / 'tools' / tool), *map(str, some)]
            run_script(argv, f'{folder}/{i}.log', {}, os.getcwd())
        deadline = time.monotonic() + seconds
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.002)
        Path(f'{folder}/{i}.status').write_text(str(os.waitstatus_to_exitcode(ended[1])))
