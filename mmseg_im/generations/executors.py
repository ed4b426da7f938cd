# SPDX-License-Identifier: Apache-2.0
"""Who does the jobs of a run: this process, others of this machine, or those of a cluster."""

import importlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.logging import MMLogger

from ..build import check_options
from ..engine.processes import on_main_process
from ..errors import UserError
from ..errors.wording import did_you_mean
from .jobs import Job, submitted
from .local_jobs import Controller, found, visible_gpus
from .submitting import Submitting

FOREVER = 60 * 24 * 365  # minutes


class Inline:
    """Does one job after the other in this process, or on all that ``torchrun`` started."""

    at_once = 1

    @property
    def processes(self) -> int:
        """int: That train one network."""
        return get_world_size()

    def run(self, jobs: Sequence[Job], logger: MMLogger) -> Iterator[dict]:
        """Yields the results of jobs, in their order.

        Raises:
            UserError: If a process that an earlier run started is still at work on one of them.
        """
        for job in jobs:
            if on_main_process(lambda job=job: self._is_at_work(job)):
                raise UserError(
                    f'{job.name}: a job of an earlier run is still at work on it. Use '
                    f'generations.executor of that run, which waits for it, or stop it; its log: '
                    f'{job.folder}.'
                )
            result = on_main_process(job.result)
            if result is None:
                logger.info(f'{job.name} begins.')
                result = job()
            yield result

    def handle_of(self, folder: Path) -> Controller | None:
        """Returns the process in which an earlier run does a job here, None if it has ended."""
        place = submitted(folder)
        return None if place is None else found(folder, place['id'])

    def stop(self) -> None:
        """Cancels jobs that run: there are none."""

    def _is_at_work(self, job: Job) -> bool:
        return job.is_locked() or self.handle_of(job.folder) is not None


@dataclass(kw_only=True)
class Local(Submitting):
    """Does jobs side by side on this machine, each in processes of its own.

    Args:
        jobs (int, optional): How many at a time, and in how many parts images are labeled.
            Default: the students of a generation.
        tries (int): How often a job that fails is begun, in all.
        timeout_min (int, optional): Minutes after which a job is interrupted; it goes on at its
            last checkpoint.
        gpus_per_node (int, optional): GPUs of a job; jobs take them in turn. Default: one if this
            machine has any.
        tasks_per_node (int): Processes that train one network together.
        cpus_per_task (int, optional): Threads of a process. Default: ``OMP_NUM_THREADS``, or what
            this process has, divided by ``jobs``.
        python (str, optional): The command that starts Python.
    """

    timeout_min: int = FOREVER

    def check(self) -> None:
        """See the base class."""
        super().check()
        if any(not name.isdecimal() for name in visible_gpus()):
            raise UserError(
                f'CUDA_VISIBLE_DEVICES={os.environ["CUDA_VISIBLE_DEVICES"]}: jobs of this machine '
                'need the numbers of its GPUs, such as 0,1.'
            )
        if (self.gpus_per_node or 0) > len(visible_gpus()):
            raise UserError(
                f'generations.executor.gpus_per_node={self.gpus_per_node}, and this machine shows '
                f'{len(visible_gpus())} GPUs.'
            )

    def gpus(self) -> int:
        """See the base class."""
        return min(1, len(visible_gpus())) if self.gpus_per_node is None else self.gpus_per_node

    def threads(self) -> int:
        """See the base class."""
        return self.cpus_per_task or max(1, torch.get_num_threads() // (self.at_once or 1))

    def executor(self, folder: Path, slot: int):
        """See the base class."""
        from submitit import LocalExecutor

        gpus = visible_gpus()
        number = self.gpus()
        mine = [int(gpus[(slot * number + k) % len(gpus)]) for k in range(number)]
        executor = LocalExecutor(folder, python=self.python)
        executor.update_parameters(
            timeout_min=self.timeout_min,
            gpus_per_node=number,
            visible_gpus=mine,
            tasks_per_node=self.tasks_per_node,
        )
        return executor

    def found(self, folder: Path, number: str):
        """See the base class."""
        return found(folder, number)


@dataclass(kw_only=True)
class Slurm(Submitting):
    """Does jobs on a cluster with Slurm; the names of options are those of submitit.

    Args:
        timeout_min (int): Minutes after which Slurm interrupts a job; it goes on at its last
            checkpoint.
        max_num_timeout (int): How often, before that counts as a failure.
        jobs, tries, gpus_per_node, tasks_per_node, cpus_per_task, python: See :class:`Local`;
            ``jobs`` waiting and running ones.
        nodes (int): Machines that train one network together.
        mem_gb (float, optional): Memory of a machine.
        slurm_partition, ... (str, optional): As ``sbatch --partition`` and so on.
        slurm_setup (list, optional): Lines of shell before the job, such as ``module load cuda``.
        slurm_srun_args (list, optional): Further arguments of ``srun``.
        slurm_signal_delay_s (int, optional): Seconds between the signal and the end of a job.
        slurm_additional_parameters (dict, optional): Everything else that ``sbatch`` knows.
    """

    timeout_min: int
    max_num_timeout: int = 3
    nodes: int = 1
    mem_gb: float | int | None = None
    slurm_partition: str | None = None
    slurm_account: str | None = None
    slurm_qos: str | None = None
    slurm_constraint: str | None = None
    slurm_gres: str | None = None
    slurm_exclude: str | None = None
    slurm_nodelist: str | None = None
    slurm_setup: list | None = None
    slurm_srun_args: list | None = None
    slurm_signal_delay_s: int | None = None
    slurm_additional_parameters: dict | None = None

    grace = 15.0
    own_options = ('jobs', 'tries', 'python', 'max_num_timeout')

    def check(self) -> None:
        """See the base class."""
        super().check()
        for command in ('sbatch', 'srun', 'sacct'):
            if shutil.which(command) is None:
                raise UserError(
                    f"generations.executor=dict(type='slurm'): there is no {command} in PATH. "
                    "Start the run where Slurm's commands are, or take type='local'."
                )

    def threads(self) -> int | None:
        """See the base class."""
        return self.cpus_per_task

    def executor(self, folder: Path, slot: int):
        """See the base class."""
        from submitit import AutoExecutor

        executor = AutoExecutor(
            folder,
            cluster='slurm',
            slurm_max_num_timeout=self.max_num_timeout,
            slurm_python=self.python,
        )
        options = {k: v for k, v in asdict(self).items() if k not in self.own_options}
        executor.update_parameters(**options, name=f'{folder.parent.name}_{folder.stem}')
        return executor

    def found(self, folder: Path, number: str):
        """See the base class."""
        from submitit import SlurmJob

        if not (folder / f'{number}_submission.sh').is_file():
            return None  # the id is that of a process, from a run with another executor
        job: Any = SlurmJob(folder, number, tasks=list(range(self.processes)))
        state = job.watcher.get_state(number, mode='force')
        return None if state == 'UNKNOWN' or job.done() else job


EXECUTORS: dict[str, type[Inline | Local | Slurm]] = dict(inline=Inline, local=Local, slurm=Slurm)


def read_executor(options: dict | None, students: int) -> Inline | Local | Slurm:
    """Returns the executor that ``generations.executor`` describes.

    Args:
        options (dict, optional): With a ``type``; None for ``inline``.
        students (int): Networks of a generation, as many jobs as run at a time by default.

    Raises:
        UserError: If the type or an option is unknown, of a wrong kind, or does not fit here.
    """
    if not isinstance(options, dict | None) or 'type' not in (options or dict(type='')):
        raise UserError(
            f'generations.executor={options!r} must be a dict with a type, such as '
            "dict(type='local', jobs=2)."
        )
    options = dict(options or dict(type='inline'))
    kind = options.pop('type')
    if kind not in EXECUTORS:
        raise UserError(
            f'generations.executor.type={kind!r}: no such executor.'
            f'{did_you_mean(str(kind), EXECUTORS)} There are {", ".join(EXECUTORS)}.'
        )
    cls = EXECUTORS[kind]
    check_options(cls, options, 'generations.executor')
    executor = cls(**options)
    if isinstance(executor, Inline):
        return executor
    try:  # before there is a log: submitit sets up logging, which closes the files of all logs
        importlib.import_module('submitit')
    except ImportError:
        raise UserError(
            f'generations.executor=dict(type={kind!r}) needs submitit, which is not installed: '
            'pip install -c constraints.txt -e ".[cluster]", or pip install submitit.'
        ) from None
    executor.jobs = executor.jobs or students
    executor.check()
    return executor
