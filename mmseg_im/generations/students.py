# SPDX-License-Identifier: Apache-2.0
"""Trains the networks of the generations, ranks them, and measures the best."""

from functools import partial
from pathlib import Path

from mmengine import Config

from ..engine.hooks.best_files import score
from ..errors import UserError
from ..teachers.networks import build_network, load_network
from .configs import student_config, test_config
from .jobs import Job, job_of
from .ranking import best_students, initial_teachers
from .settings import Generations
from .stage_runs import Stage, StageRuns
from .stages import measure, student_seed, train_student
from .summary import classes_found


class Students:
    """The networks of a run.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.
        work_dir (Path): Of the run.
        seed (int): Of the run.
        stages (StageRuns): Does and records stages.
    """

    def __init__(
        self, cfg: Config, settings: Generations, work_dir: Path, seed: int, stages: StageRuns
    ):
        self.cfg = cfg
        self.settings = settings
        self.work_dir = work_dir
        self.seed = seed
        self.stages = stages
        self.logger = stages.logger

    def given(self) -> list[dict]:
        """Returns the first teachers that the config names, the best first."""

        def record(_: list[dict]) -> dict:
            return dict(teachers=initial_teachers(self.settings))

        # recorded, because the other run may go on
        stage = Stage('generation_0/given', lambda: [], record)
        teachers = self.stages.one(stage)['teachers']
        files = ', '.join(teacher['checkpoint'] for teacher in teachers)
        self.logger.info(f'The first teachers are given: {files}')
        return teachers

    def train(self, generation: int, labels: Path | None, teachers: list[dict]) -> list[dict]:
        """Trains the networks of a generation.

        Args:
            generation (int): Its number.
            labels (Path, optional): Folder of the pseudo-labels that they learn from.
            teachers (list[dict]): Of the last generation; the first is where a warm start begins.

        Returns:
            list[dict]: ``dict(checkpoint, config)`` of each, the best first.

        Raises:
            UserError: If too few can be used.
        """
        settings = self.settings
        if generation == 0 and settings.initial_teachers is not None:
            return self.given()
        count = settings.students_per_generation
        names = [self._name(generation, i) for i in range(count)]
        stages = [
            Stage(name, partial(self._jobs, generation, i, labels, teachers))
            for i, name in enumerate(names)
        ]
        ranked, lost = [], []
        for i, result in enumerate(self.stages.run(stages)):
            name = names[i]
            if 'diverged' in result:
                self.logger.warning(f'{name}: {result["diverged"]}')
            if 'checkpoint' not in result:
                lost.append(result['diverged'])
                continue
            value = score(result['val'][settings.metric])
            found = classes_found(result['val'])
            self.logger.info(f'{name}: {settings.metric} {value:.2f}{found}')
            ranked.append((-value, i, result))
        last = generation == settings.num_generations
        if len(ranked) < (1 if last else settings.num_teachers):
            raise UserError(
                f'Only {len(ranked)} of the {count} students of generation {generation} can be '
                f'used: the others diverged before their first validation. {lost[0]}'
            )
        return [
            {key: str(self.work_dir / names[i] / result[key]) for key in ('checkpoint', 'config')}
            for _, i, result in sorted(ranked, key=lambda r: r[:2])
        ]

    def test(self) -> None:
        """Tests the best student of every generation, once."""
        if self.cfg.get('test_dataloader') is None:
            return
        best = best_students(self.stages.finished, self.settings.metric)
        stages = [self._test(generation, i) for generation, i in best.items()]
        for _ in self.stages.run(stages):
            pass

    def _jobs(
        self, generation: int, i: int, labels: Path | None, teachers: list[dict]
    ) -> list[Job]:
        where = None if labels is None else str(labels)
        cfg = student_config(self.cfg, self.settings, generation, where)
        if generation and self.settings.warm_start:
            start = teachers[0]['checkpoint']
            network = build_network(cfg.model, 'model')
            load_network(network, start, 'generations.warm_start')  # refuses what differs
            cfg.load_from = start
        job = job_of(
            self.work_dir / self._name(generation, i),
            train_student,
            cfg=cfg,
            seed=student_seed(self.seed, generation, i),
            metric=self.settings.metric,
        )
        return [job]

    def _test(self, generation: int, i: int) -> Stage:
        folder = self.work_dir / f'generation_{generation}' / 'test'

        def jobs() -> list[Job]:
            cfg = student_config(self.cfg, self.settings, generation)
            best = self.work_dir / self._name(generation, i) / 'best.pth'
            return [job_of(folder, measure, cfg=test_config(cfg, str(best)))]

        def finish(results: list[dict]) -> dict:
            return dict(student=i, test=results[0])

        return Stage(f'generation_{generation}/test', jobs, finish)

    def _name(self, generation: int, i: int) -> str:
        return f'generation_{generation}/student_{i}'
