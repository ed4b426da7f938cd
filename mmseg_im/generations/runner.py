# SPDX-License-Identifier: Apache-2.0
"""Runs the generations: teachers label, students learn, the best of them teach next."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

from mmengine import Config
from mmengine.dist import barrier, get_world_size, init_dist, is_distributed, is_main_process
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS, init_default_scope
from mmengine.runner import set_random_seed

from ..datasets.pseudo_labeled import first_damage
from ..engine.hooks.best_files import score
from ..engine.processes import on_main_process
from ..engine.work_dir import Lock
from ..errors import UserError
from ..teachers.networks import build_network, load_network
from .configs import labeling_config, read_config, student_config, test_config
from .evalnet_stages import QualityStages
from .examples import keep_examples, keep_pictures, keep_truth
from .finished_files import check_networks
from .page import write_report
from .plan_checks import check_plan
from .ranking import best_students, initial_teachers, what_to_use
from .settings import read_settings
from .stages import measure, student_seed, train_student, unique, write_labels
from .state import State, flatten
from .summary import classes_found, print_summary, read_summary


# in mmengine's registry: the train.py of every OpenMMLab project asks there for a runner_type
@RUNNERS.register_module()
class GenerationalRunner:
    """Runs ``generations=dict(...)`` of a config, with the interface of a Runner.

    ``work_dir/generation_G/student_S`` is an ordinary training run with its config, log and
    ``best.pth``; ``generation_G/labels`` holds the pseudo-labels by the best networks of
    generation G, from which generation G + 1 learns. ``state.json`` records each finished
    stage; with ``resume`` these are not done again, and a student goes on at its last checkpoint.

    Students are ranked by validation. The test images are measured once, at the very end: the
    best student of every generation.

    Args:
        cfg (Config): A training config with ``generations`` (see
            :class:`~mmseg_im.generations.settings.Generations`) and, if it has generations
            after the first, ``unlabeled_dataloader``: the images to label, with a test pipeline
            without annotations. ``unlabeled_evaluator`` may judge the labels.
    """

    def __init__(self, cfg: Config):
        self.cfg = cfg
        self.settings = read_settings(cfg)
        self.work_dir = Path(cfg.work_dir)

    @classmethod
    def from_cfg(cls, cfg: Config) -> 'GenerationalRunner':
        """Returns the runner of a whole config; ``RUNNERS.build`` calls this."""
        return cls(copy.deepcopy(cfg if isinstance(cfg, Config) else Config(cfg)))

    def train(self) -> dict[str, dict]:
        """Runs all stages that are not finished.

        Returns:
            dict[str, dict]: The results of all stages.

        Raises:
            UserError: If the config has a mistake, or the folder belongs to another run.
        """
        cfg = self.cfg
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        launcher = cfg.get('launcher', 'none')
        if launcher != 'none' and not is_distributed():
            init_dist(launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))
        lock = on_main_process(lambda: Lock(self.work_dir), share=False)
        try:
            self._start()
            self._run()
        finally:
            if lock is not None:
                lock.release()
        return self.state.stages

    def _start(self) -> None:
        self.seed = self._seed()
        config = dict(self.cfg.to_dict(), processes=get_world_size())
        for key in ('first', 'student'):
            if isinstance(getattr(self.settings, key), str):
                config[f'{key}_file'] = read_config(getattr(self.settings, key), key).to_dict()
        self.state = State(self.work_dir, flatten(config), self.cfg.get('resume', False))
        if is_main_process():  # what a killed run was about to write
            for path in self.work_dir.rglob('.*.tmp'):
                path.unlink()
        barrier()
        log_file = str(self.work_dir / 'generations.log') if is_main_process() else None
        self.logger = MMLogger.get_instance(f'generations_{unique()}', log_file=log_file)
        if self.cfg.get('resume', False) and not self.state.stages:
            self.logger.warning(f'{self.work_dir} holds no finished stage: nothing is passed over.')
        on_main_process(self._check)
        if is_main_process():
            self.state.write()

    def _check(self) -> None:
        check_plan(self.cfg, self.settings)
        check_networks(self.work_dir, self.state.stages, self._model)

    def _model(self, generation: int) -> dict | None:
        """Returns the model config of a generation, None beyond the last one."""
        if generation > self.settings.num_generations:
            return None
        return student_config(self.cfg, self.settings, generation).model

    def _seed(self) -> int:
        seed = (self.cfg.get('randomness') or {}).get('seed')
        if seed is None:
            raise UserError(
                'randomness.seed is missing: the students of a generational run take their seeds '
                'from it. Set randomness=dict(seed=0).'
            )
        set_random_seed(seed)
        return seed

    def _run(self) -> None:
        settings = self.settings
        labels = None
        quality = None
        if settings.evalnet is not None:
            quality = QualityStages(
                self.cfg,
                settings,
                settings.evalnet,
                self.work_dir,
                self.seed,
                self._stage,
                self.state.stages,
            )
        for generation in range(settings.num_generations + 1):
            ranked = self._train(generation, labels)
            if labels is not None and not settings.keep_labels and is_main_process():
                for kind in ('labels', 'masks'):
                    shutil.rmtree(Path(labels) / kind, ignore_errors=True)
            if generation < settings.num_generations:
                teachers = ranked[: settings.num_teachers]
                labels = self._label(generation, teachers)
                if quality is not None:
                    if generation == 0:
                        quality.train(teachers)
                    quality.judge(generation, Path(labels), self._needed(generation))
            self._report()
        self._test()
        self._report(final=True)

    def _report(self, final: bool = False) -> None:
        if not is_main_process():
            return
        page = write_report(self.work_dir)
        if final:
            self.logger.info('\n' + print_summary(read_summary(self.work_dir)))
            metric = self.settings.metric
            self.logger.info(what_to_use(self.state.stages, metric, self.work_dir))
        self.logger.info(f'Report: {page}')

    def _stage(
        self, name: str, run: Callable[[], dict], damage: Callable[[], str | None] | None = None
    ) -> dict:
        """Runs a stage unless it is finished, records it, and returns its result.

        Args:
            name (str): The stage.
            run (Callable[[], dict]): Runs it.
            damage (Callable[[], str or None], optional): Returns what is wrong with the files of
                the finished stage; then it runs again.
        """
        if name in self.state.stages and damage is not None:
            found = on_main_process(damage)
            if found is not None:
                self.logger.warning(f'{name} is done again: {found}')
                del self.state.stages[name]
        if name in self.state.stages:
            self.logger.info(f'{name} is finished already.')
        else:
            self.logger.info(f'{name} begins.')
            self.state.finish(name, run())
            if is_main_process():
                self.state.write()
            barrier()
        return self.state.stages[name]

    def _train(self, generation: int, labels: str | None) -> list[dict]:
        """Trains the networks of a generation.

        Returns:
            list[dict]: ``dict(checkpoint, config)`` of each, the best first.
        """
        settings = self.settings
        if generation == 0 and settings.initial_teachers is not None:
            # recorded, because the other run may go on
            given = self._stage(
                'generation_0/given', lambda: dict(teachers=initial_teachers(settings))
            )
            self._teachers = given['teachers']
            files = ', '.join(teacher['checkpoint'] for teacher in self._teachers)
            self.logger.info(f'The first teachers are given: {files}')
            return self._teachers
        results, lost = [], []
        for i in range(settings.students_per_generation):
            folder = self._folder(generation) / f'student_{i}'

            def train(folder: Path = folder, i: int = i) -> dict:
                cfg = student_config(self.cfg, settings, generation, labels)
                if generation and settings.warm_start:
                    start = self._teachers[0]['checkpoint']
                    network = build_network(cfg.model, 'model')
                    load_network(network, start, 'generations.warm_start')  # refuses what differs
                    cfg.load_from = start
                seed = student_seed(self.seed, generation, i)
                return train_student(cfg, folder, seed, settings.metric)

            result = self._stage(f'generation_{generation}/student_{i}', train)
            if 'diverged' in result:
                self.logger.warning(f'generation_{generation}/student_{i}: {result["diverged"]}')
            if 'checkpoint' not in result:
                lost.append(result['diverged'])
                continue
            value = score(result['val'][settings.metric])
            found = classes_found(result['val'])
            self.logger.info(
                f'generation_{generation}/student_{i}: {settings.metric} {value:.2f}{found}'
            )
            results.append((-value, i, result, folder))
        last = generation == settings.num_generations
        if len(results) < (1 if last else settings.num_teachers):
            raise UserError(
                f'Only {len(results)} of the {settings.students_per_generation} students of '
                f'generation {generation} can be used: the others diverged before their first '
                f'validation. {lost[0]}'
            )
        self._teachers = [
            {key: str(folder / result[key]) for key in ('checkpoint', 'config')}
            for _, _, result, folder in sorted(results, key=lambda r: r[:2])
        ]
        return self._teachers

    def _label(self, generation: int, teachers: list[dict]) -> str:
        folder = self._folder(generation) / 'labels'

        def label() -> dict:
            cfg = labeling_config(self.cfg, self.settings, teachers, folder)
            result = write_labels(cfg, folder)
            if not result['pseudo/images']:
                raise UserError(
                    f'No image got a pseudo-label in {folder}: the teachers returned NaN for all.'
                )
            on_main_process(lambda: self._keep_examples(generation, folder), share=False)
            return result

        damage = (lambda: first_damage(folder)) if self._needed(generation) else None
        result = self._stage(f'generation_{generation}/labels', label, damage)
        shares = ', '.join(f'{key} {value}' for key, value in result.items())
        self.logger.info(f'generation_{generation}/labels: {shares}')
        return str(folder)

    def _keep_examples(self, generation: int, labels: Path) -> None:
        keep_examples(self.work_dir, generation, labels)
        keep_pictures(self.work_dir, self.cfg.unlabeled_dataloader.dataset)
        keep_truth(self.work_dir, self.cfg.unlabeled_dataloader.dataset)

    def _needed(self, generation: int) -> bool:
        """Returns whether a student still has to learn from the labels of a generation."""
        count = self.settings.students_per_generation
        students = (f'generation_{generation + 1}/student_{i}' for i in range(count))
        return not all(name in self.state.stages for name in students)

    def _test(self) -> None:
        """Tests the best student of every generation, once."""
        if self.cfg.get('test_dataloader') is None:
            return
        for generation, i in best_students(self.state.stages, self.settings.metric).items():
            folder = self._folder(generation) / f'student_{i}'

            def test(folder: Path = folder, generation: int = generation, i: int = i) -> dict:
                cfg = student_config(self.cfg, self.settings, generation)
                cfg = test_config(cfg, str(folder / 'best.pth'))
                metrics = measure(cfg, self._folder(generation) / 'test')
                return dict(student=i, test=metrics)

            self._stage(f'generation_{generation}/test', test)

    def _folder(self, generation: int) -> Path:
        return self.work_dir / f'generation_{generation}'
