# SPDX-License-Identifier: Apache-2.0
"""Runs the generations: teachers label, students learn, the best of them teach next."""

import copy
from pathlib import Path

from mmengine import Config
from mmengine.dist import barrier, is_main_process
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS, init_default_scope
from mmengine.runner import set_random_seed

from ..datasets.checked_files import remembering
from ..engine.processes import join, on_main_process
from ..engine.work_dir import Lock
from ..errors import UserError
from ..files.config_file import read_config
from .configs import student_config
from .evalnet_stages import QualityStages
from .finished_files import check_networks
from .jobs import running_jobs
from .labeling import Labels
from .page import write_report
from .plan_checks import check_plan
from .ranking import what_to_use
from .settings import read_settings
from .stage_runs import StageRuns
from .stages import unique
from .state import State, flatten
from .students import Students
from .summary import print_summary, read_summary


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
        join(cfg)
        lock = on_main_process(lambda: Lock(self.work_dir), share=False)
        try:
            self._start()
            self._run()
        finally:
            self.settings.executor.stop()
            if lock is not None:
                lock.release()
        return self.state.stages

    def _start(self) -> None:
        self.seed = self._seed()
        config = dict(self.cfg.to_dict(), processes=self.settings.executor.processes)
        for key in ('first', 'student'):
            if isinstance(getattr(self.settings, key), str):
                config[f'{key}_file'] = read_config(
                    getattr(self.settings, key), f'generations.{key}'
                ).to_dict()
        self.state = State(self.work_dir, flatten(config), self.cfg.get('resume', False))
        self._clean()
        log_file = str(self.work_dir / 'generations.log') if is_main_process() else None
        self.logger = MMLogger.get_instance(f'generations_{unique()}', log_file=log_file)
        if self.cfg.get('resume', False) and not self.state.stages:
            self.logger.warning(
                f'{self.work_dir} holds no finished stage yet. What has begun there goes on: jobs '
                'that run are waited for, and networks train on from their last checkpoint.'
            )
        on_main_process(self._check)
        if is_main_process():
            self.state.write()

    def _check(self) -> None:
        with remembering(self.work_dir, self.cfg.get('check_files', True)):
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
        stages = StageRuns(self.state, settings.executor, self.logger)
        place = (self.cfg, settings, self.work_dir)
        students = Students(*place, self.seed, stages)
        labels = Labels(*place, stages)
        quality = None
        if settings.evalnet is not None:
            quality = QualityStages(*place, self.seed, stages, settings.evalnet)
        folder: Path | None = None
        ranked: list[dict] = []
        for generation in range(settings.num_generations + 1):
            ranked = students.train(generation, folder, ranked)
            if folder is not None:
                labels.drop(folder)
            if generation < settings.num_generations:
                teachers = ranked[: settings.num_teachers]
                folder = labels.write(generation, teachers)
                if quality is not None:
                    if generation == 0:
                        quality.train(teachers)
                    quality.judge(generation, folder, labels.needed(generation))
            self._report()
        students.test()
        self._clean()
        self._report(final=True)

    def _clean(self) -> None:
        """Deletes what a killed process was about to write, unless another one is at work."""
        if is_main_process() and not running_jobs(self.work_dir):
            for path in self.work_dir.rglob('.*.tmp'):
                path.unlink()
        barrier()

    def _report(self, final: bool = False) -> None:
        if not is_main_process():
            return
        page = write_report(self.work_dir)
        if final:
            self.logger.info('\n' + print_summary(read_summary(self.work_dir)))
            metric = self.settings.metric
            self.logger.info(what_to_use(self.state.stages, metric, self.work_dir))
        self.logger.info(f'Report: {page}')
