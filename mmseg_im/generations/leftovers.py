# SPDX-License-Identifier: Apache-2.0
"""Clears away what an earlier run began and the present one does otherwise."""

import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import MMLogger

from ..errors import UserError
from .executors import Inline
from .jobs import Job, forget, is_locked, job_folders
from .submitting import POLL, Submitting

PATIENCE = 60.0  # seconds, for jobs that were cancelled


def clear_leftovers(
    work_dir: Path, jobs: Sequence[Job], executor: Inline | Submitting, logger: MMLogger
) -> None:
    """Cancels jobs of an earlier run that are not among the present ones; forgets their results.

    Such are other parts of the same images, if ``jobs`` was another number, and what rests on
    files that are made anew. Both would write into the folders of the present jobs, or count
    files that these delete.

    Args:
        work_dir (Path): Of the run.
        jobs (Sequence[Job]): What is to do now.
        executor (Inline or Submitting): Of this run.
        logger (MMLogger): Gets a line for each job that is cancelled.

    Raises:
        UserError: If one does not end, such as that of another machine.
    """
    wanted = {job.folder for job in jobs}
    left = [folder for folder in job_folders(work_dir) if folder not in wanted]
    for folder in left:
        handle = executor.handle_of(folder)
        if handle is not None:
            logger.warning(f'{folder}: this job of an earlier run is cancelled; it is not needed.')
            handle.cancel(check=False)
    deadline = time.monotonic() + PATIENCE
    for folder in left:
        while is_locked(folder) or executor.handle_of(folder) is not None:
            if time.monotonic() > deadline:
                raise UserError(
                    f'{folder}: a job of an earlier run is still at work, and what begins now '
                    'needs the same files. Wait for its end, or stop it; then --resume.'
                )
            time.sleep(POLL / 5)
        forget(folder)
