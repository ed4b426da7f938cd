# SPDX-License-Identifier: Apache-2.0
"""A job of a generational run: a function of configs and files, in whichever process."""

import contextlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout
from mmengine import Config
from mmengine.utils import import_modules_from_strings

from ..engine.processes import join, join_without_gpu, on_main_process
from ..engine.work_dir import LOCK
from ..errors import UserError
from ..errors.signals import end_children_with_us, end_with_parent
from ..files.atomic import read_json, write_json

SUFFIX = '.job'
SUBMITTED, RESULT, REFUSED = 'job.json', 'result.json', 'refused.json'


class Job(NamedTuple):
    """One piece of work, which a cluster can do as well as this process.

    Attributes:
        folder (Path): Of its log, where another process does it: beside its results.
        run (Callable): A function of a module. It returns a dict of JSON values; interrupted, it
            goes on where it was, or begins anew.
        arguments (dict): Of the function, all by name: configs, paths and numbers.
    """

    folder: Path
    run: Callable[..., dict]
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """str: Such as ``generation_0/student_1``."""
        return '/'.join(self.folder.parts[-2:]).removesuffix(SUFFIX)

    def __call__(self) -> dict:
        """Does it in this process."""
        return self.run(**self.arguments)

    def result(self) -> dict | None:
        """Returns what another process has found and nobody has recorded yet, None if nothing."""
        path = self.folder / RESULT
        remedy = 'Delete it; the job is done again.'
        return read_json(path, dict, remedy) if path.is_file() else None

    def is_locked(self) -> bool:
        """Returns whether a process is at work on it."""
        return is_locked(self.folder)

    def forget(self) -> None:
        """Deletes all but its logs and its lock: its result is recorded, or no longer wanted."""
        forget(self.folder)


def job_of(folder: Path, run: Callable[..., dict], **arguments) -> Job:
    """Returns the job ``run(folder=folder, ...)``; its log comes beside, in ``FOLDER.job``."""
    place = folder.with_name(folder.name + SUFFIX)
    return Job(place, run, dict(arguments, folder=folder))


def job_folders(work_dir: Path) -> list[Path]:
    """Returns the folders of all jobs of a run that were ever submitted."""
    return sorted(work_dir.rglob(f'*{SUFFIX}'))


def running_jobs(work_dir: Path) -> list[Path]:
    """Returns the folders of the jobs of a run on which a process is at work."""
    return [path for path in job_folders(work_dir) if is_locked(path)]


def submitted(folder: Path) -> dict | None:
    """Returns ``dict(id, slot)`` of the job that was submitted last in a folder, None if none was.

    Raises:
        UserError: If the file that says so is damaged.
    """
    path = folder / SUBMITTED
    if not path.is_file():
        return None
    content = read_json(path, dict(id=str, slot=int), 'Delete it; the job is done again.')
    if not re.fullmatch(r'\d{1,12}', content['id'], re.ASCII):
        raise UserError(f'{path} is damaged: id {content["id"]!r}. Delete it.')
    return content


def forget(folder: Path) -> None:
    """Deletes all that is in the folder of a job but its logs and its lock."""
    for path in folder.glob('*') if folder.is_dir() else ():
        kept = path.suffix in ('.out', '.err', '.sh') and not path.is_symlink()
        if path.name != LOCK and not kept:
            path.unlink(missing_ok=True)


def is_locked(folder: Path) -> bool:
    """Returns whether a process is at work on the job of a folder."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, blocking=False):
            return False
    except Timeout:
        return True


class Submission:
    """What another process runs: a job, once, however often it was submitted.

    The process that holds the lock of the job's folder does it and writes ``result.json``; one
    that waited for the lock finds it. Of several processes of a job the first holds the lock and
    tells the others whether there is anything to do. Results are JSON, so that
    nobody reads a pickle of a job.

    Args:
        job (Job): To do.
    """

    def __init__(self, job: Job):
        self.job = job

    def __call__(self) -> None:
        """Does the job.

        Raises:
            UserError: What the job raises, after its text was written to ``refused.json``.
        """
        end_with_parent()
        end_children_with_us()
        first = self._join() == 0
        with FileLock(self.job.folder / LOCK) if first else contextlib.nullcontext():
            if on_main_process(self.job.result) is not None:
                return
            try:
                result = self.job()
                if first:
                    write_json(self.job.folder / RESULT, result)
            except UserError as error:
                if first:
                    write_json(self.job.folder / REFUSED, dict(error=str(error)))
                raise

    def checkpoint(self):
        """Returns what submitit runs after a time limit or a preemption: the same."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _join(self) -> int:
        """Joins the processes of the job, if it has several, and returns the rank of this one."""
        from submitit import JobEnvironment
        from submitit.helpers import TorchDistributedEnvironment

        place = JobEnvironment()
        os.register_at_fork(after_in_child=lambda: _usual_signals(f'SIG{place.USR_SIG}'))
        if place.num_tasks > 1:
            TorchDistributedEnvironment().export(set_cuda_visible_devices=False, overwrite=True)
        for cfg in self.job.arguments.values():
            if not isinstance(cfg, Config):
                continue
            if cfg.get('custom_imports'):  # when a file was read, in another process
                import_modules_from_strings(**cfg.custom_imports)
            if place.num_tasks > 1:
                cfg.launcher = 'pytorch'
                join_without_gpu(cfg)
                join(cfg)
        return place.global_rank


def _usual_signals(preemption: str) -> None:
    """In a process that loads data: submitit's handlers would requeue the job once for each."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(getattr(signal, preemption), signal.SIG_IGN)
