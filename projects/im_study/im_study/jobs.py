# SPDX-License-Identifier: Apache-2.0
"""Several processes of this machine share a study."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mmseg_im.errors import UserError


def run_jobs(command: Sequence[str], count: int, work_dir: Path) -> None:
    """Runs a command several times at once, each with one thread, and waits for all.

    What each of them prints goes into ``work_dir/job_N.log``.

    Args:
        command (Sequence[str]): Of this script, without its name.
        count (int): Processes.
        work_dir (Path): Of the study.

    Raises:
        UserError: If a process failed; with its last line and its log.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    logs = [work_dir / f'job_{i}.log' for i in range(count)]
    print(f'{count} processes; they log to {", ".join(map(str, logs))}', flush=True)
    env = dict(os.environ, OMP_NUM_THREADS='1')
    jobs = []
    try:
        for log in logs:
            with log.open('w') as out:
                program = [sys.executable, sys.argv[0], *command]
                jobs.append(subprocess.Popen(program, stdout=out, stderr=out, env=env))
        for job, log in zip(jobs, logs, strict=True):
            if job.wait():
                lines = log.read_text(errors='replace').strip().splitlines() or ['']
                raise UserError(f'{log}: {lines[-1].removeprefix("error: ")}')
    finally:
        for job in jobs:
            job.terminate()
