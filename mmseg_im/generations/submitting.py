# SPDX-License-Identifier: Apache-2.0
"""Submits jobs, waits for them, and tries again what failed; submitit knows how to start one."""

import contextlib
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from mmengine.logging import MMLogger

from ..errors import UserError
from ..files.atomic import write_json
from .job_logs import end_of_log, last_line, log_of, refusal_of
from .jobs import REFUSED, SUBMITTED, Job, Submission, submitted

POLL = 0.5  # seconds
NEWS = 300.0  # seconds between what the log says of jobs that run
PATIENCE = 20.0  # seconds, for jobs that were cancelled


@dataclass
class Running:
    """A job that was submitted.

    Attributes:
        job (Job): The job.
        handle: Of submitit, with ``done()`` and ``cancel(check)``.
        number (str): Its id.
        slot (int): Its place among those that run at a time, which says which GPUs are its own.
        ended (float, optional): When it was first seen to have ended.
    """

    job: Job
    handle: Any
    number: str
    slot: int
    ended: float | None = None


@dataclass(kw_only=True)
class Submitting(ABC):
    """Base class of the executors that start processes; what can be set is in the sub-classes."""

    jobs: int | None = None
    tries: int = 3
    gpus_per_node: int | None = None
    tasks_per_node: int = 1
    cpus_per_task: int | None = None
    python: str | None = None

    nodes = 1
    grace: ClassVar[float] = 0.0  # until a result is seen that another machine wrote

    def __post_init__(self):
        self.running: dict[int, Running] = {}
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), field.type)

    @property
    def at_once(self) -> int:
        """int: Jobs at a time."""
        return self.jobs or 1

    @property
    def processes(self) -> int:
        """int: That train one network."""
        return self.nodes * self.tasks_per_node

    def check(self) -> None:
        """Raises a UserError if the options do not fit this machine, before anything is done."""
        gpus = self.gpus()
        if gpus and self.tasks_per_node > gpus:
            raise UserError(
                f'generations.executor.tasks_per_node={self.tasks_per_node} is more than '
                f'gpus_per_node={gpus}: every process needs a GPU of its own. Set both to the same '
                'number (gpus_per_node=0 trains on the CPU).'
            )

    def gpus(self) -> int | None:
        """Returns the GPUs of a job on one machine, None if the cluster decides."""
        return self.gpus_per_node

    @abstractmethod
    def threads(self) -> int | None:
        """Returns the threads of a process, None if the cluster decides."""

    @abstractmethod
    def executor(self, folder: Path, slot: int):
        """Returns submitit's executor for one job.

        Args:
            folder (Path): Of its log.
            slot (int): Its place among those that run at a time.
        """

    @abstractmethod
    def found(self, folder: Path, number: str):
        """Returns the handle of a job that an earlier run submitted, None if it has ended."""

    def handle_of(self, folder: Path):
        """Returns the handle of what an earlier run submitted in a folder, None if it has ended."""
        place = submitted(folder)
        return None if place is None else self.found(folder, place['id'])

    def run(self, jobs: Sequence[Job], logger: MMLogger) -> Iterator[dict]:
        """Yields the results of jobs, in their order.

        What an earlier run submitted and what still runs is waited for; what it finished is read.

        Args:
            jobs (Sequence[Job]): To do.
            logger (MMLogger): Gets a line for each job that begins or fails.

        Raises:
            UserError: If a job was refused, or failed too often; those that run end before.
        """
        waiting, results, failures = deque[int](), dict[int, dict](), Counter[int]()
        problem = None
        for i, job in enumerate(jobs):
            if not self._adopt(i, job, logger):
                found = job.result()
                if found is None:
                    waiting.append(i)
                else:
                    results[i] = found
        next_one, spoke = 0, time.monotonic()
        while True:
            while next_one in results:
                yield results.pop(next_one)
                next_one += 1
            if next_one == len(jobs):
                return
            if problem is not None and not self.running:
                raise UserError(problem)
            while waiting and len(self.running) < self.at_once and problem is None:
                self._begin(waiting[0], jobs[waiting[0]], logger)
                waiting.popleft()
            for i in self._ended():
                one = self.running.pop(i)
                found = one.job.result()
                if found is not None:
                    results[i] = found
                    continue
                failures[i] += 1
                log, said = end_of_log(one.job.folder, one.number)
                refusal = refusal_of(one.job.folder)
                one.job.forget()
                if refusal is None and failures[i] < self.tries:
                    logger.warning(f'{one.job.name} is tried again. It ended with: {said} ({log})')
                    waiting.appendleft(i)
                    continue
                times = '' if refusal else f' {failures[i]} times'
                problem = f'{one.job.name} failed{times}: {refusal or said} Its log: {log}'
                logger.error(problem)
            if time.monotonic() - spoke > NEWS:
                spoke = time.monotonic()
                for one in self.running.values():
                    logger.info(f'{one.job.name}: {last_line(one.job.folder, one.number)}')
            time.sleep(POLL)

    def stop(self) -> None:
        """Cancels the jobs that run, and waits a little for their end."""
        for one in self.running.values():
            one.handle.cancel(check=False)
        deadline = time.monotonic() + PATIENCE
        while self.running and time.monotonic() < deadline and not self.grace:
            for i in self._ended():
                del self.running[i]
            time.sleep(POLL / 5)

    def _ended(self) -> list[int]:
        """Returns which of the running jobs have ended, and their results had time to be seen."""
        now, ended = time.monotonic(), []
        for i, one in self.running.items():
            if one.ended is None and one.handle.done():
                one.ended = now
            seen = one.ended is not None and now - one.ended >= self.grace
            if seen or (one.ended is not None and one.job.result() is not None):
                ended.append(i)
        return ended

    def _begin(self, i: int, job: Job, logger: MMLogger) -> None:
        taken = {one.slot for one in self.running.values()}
        slot = min(set(range(len(taken) + 1)) - taken)
        (job.folder / REFUSED).unlink(missing_ok=True)
        job.folder.mkdir(parents=True, exist_ok=True)
        with _environment(self.threads()), _quiet_start(job.folder):
            handle = self.executor(job.folder, slot).submit(Submission(job))
        number = str(handle.job_id)
        self.running[i] = Running(job, handle, number, slot)
        write_json(job.folder / SUBMITTED, dict(id=number, slot=slot))
        logger.info(f'{job.name} is job {number}; its log: {log_of(job.folder, number)}')

    def _adopt(self, i: int, job: Job, logger: MMLogger) -> bool:
        """Returns whether a job that an earlier run submitted still runs; then waits for it."""
        place, handle = submitted(job.folder), self.handle_of(job.folder)
        if place is None or handle is None:
            return False
        number = place['id']
        self.running[i] = Running(job, handle, number, place['slot'])
        logger.info(f'{job.name} is job {number}, which an earlier run began: it is waited for.')
        return True


def _check_type(name: str, value: Any, kind: Any) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        expected = str(getattr(kind, '__name__', kind)).replace(' | None', '')
        raise UserError(f'generations.executor.{name}={value!r} must be of the type {expected}.')
    least = 0 if name == 'gpus_per_node' else 1
    if isinstance(value, int | float) and value < least:
        raise UserError(f'generations.executor.{name}={value} must be {least} or more.')


@contextlib.contextmanager
def _environment(threads: int | None) -> Iterator[None]:
    """Sets what the processes of a job inherit: where modules are, and their threads."""
    from submitit.helpers import environment_variables

    values = dict(PYTHONPATH=os.pathsep.join(path or os.getcwd() for path in sys.path))
    if threads is not None and 'OMP_NUM_THREADS' not in os.environ:
        values['OMP_NUM_THREADS'] = str(threads)
    with environment_variables(**values):
        yield


@contextlib.contextmanager
def _quiet_start(folder: Path) -> Iterator[None]:
    """Lets what is started here write its errors to a file, and listen to Ctrl-C.

    submitit cancels its local processes by that signal, which they ignore if this one does (in the
    background of a shell), and at which they would print a traceback here.
    """
    ignored = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    )
    console = os.dup(2)
    with (folder / 'start.err').open('ab') as file:
        os.dup2(file.fileno(), 2)
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        os.dup2(console, 2)
        os.close(console)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
