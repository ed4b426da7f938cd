# SPDX-License-Identifier: Apache-2.0
"""Does the stages of a run that are not finished, and records them."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mmengine.dist import barrier, is_main_process
from mmengine.logging import MMLogger

from ..engine.processes import on_main_process
from .executors import Inline
from .jobs import Job
from .leftovers import clear_leftovers
from .state import State
from .submitting import Submitting


def first(results: list[dict]) -> dict:
    """Returns the result of a stage of one job."""
    return results[0]


class Stage(NamedTuple):
    """A step of a run, recorded when all of its jobs are done.

    Attributes:
        name (str): As the state file has it.
        jobs (Callable[[], list[Job]]): Returns what is to do.
        finish (Callable[[list[dict]], dict]): Makes the stage's result of those of the jobs.
        damage (Callable[[], str or None], optional): Returns what is wrong with the files of the
            finished stage; then it is done again.
    """

    name: str
    jobs: Callable[[], list[Job]]
    finish: Callable[[list[dict]], dict] = first
    damage: Callable[[], str | None] | None = None


class StageRuns:
    """Does stages and records them.

    Args:
        state (State): Of the run.
        executor (Inline or Submitting): Does the jobs.
        logger (MMLogger): Of the run.
    """

    def __init__(self, state: State, executor: Inline | Submitting, logger: MMLogger):
        self.state = state
        self.executor = executor
        self.logger = logger
        self.begun = False  # later on all jobs are of this run

    @property
    def finished(self) -> dict[str, dict]:
        """dict[str, dict]: The results of the finished stages."""
        return self.state.stages

    def run(self, stages: Sequence[Stage]) -> Iterator[dict]:
        """Yields the results of stages that do not need each other, in their order.

        Args:
            stages (Sequence[Stage]): Their jobs may be done side by side.
        """
        to_do = {stage.name: self._jobs(stage) for stage in stages}
        every = [job for jobs in to_do.values() for job in jobs]
        if every and not self.begun:
            work_dir = self.state.path.parent
            on_main_process(
                lambda: clear_leftovers(work_dir, every, self.executor, self.logger), share=False
            )
            self.begun = True
        results = self.executor.run(every, self.logger)
        for stage in stages:
            name, jobs = stage.name, to_do[stage.name]
            if name in self.finished:
                self.logger.info(f'{name} is finished already.')
            else:
                self.state.finish(name, stage.finish([next(results) for _ in jobs]))
                if is_main_process():
                    self.state.write()
                    for job in jobs:
                        job.forget()
                barrier()
            yield self.finished[name]

    def one(self, stage: Stage) -> dict:
        """Returns the result of one stage."""
        [result] = self.run([stage])
        return result

    def _jobs(self, stage: Stage) -> list[Job]:
        """Returns the jobs of a stage; none if it is finished and its files are whole."""
        if stage.name in self.finished and stage.damage is not None:
            found = on_main_process(stage.damage)
            if found is not None:
                self.logger.warning(f'{stage.name} is done again: {found}')
                del self.finished[stage.name]
                on_main_process(lambda: [job.forget() for job in stage.jobs()], share=False)
        return [] if stage.name in self.finished else stage.jobs()
