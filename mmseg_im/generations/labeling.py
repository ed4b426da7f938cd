# SPDX-License-Identifier: Apache-2.0
"""Lets the best networks of a generation label the unlabeled images."""

import shutil
from pathlib import Path

from mmengine import Config
from mmengine.dist import is_main_process

from ..datasets.damaged_labels import first_damage
from ..engine.processes import on_main_process
from ..errors import UserError
from ..evaluation.row_writer import delete_parts
from .configs import labeling_config
from .examples import keep_examples, keep_pictures, keep_truth
from .label_shards import join_shards, label_jobs
from .settings import Generations
from .stage_runs import Stage, StageRuns


def in_words(result: dict) -> str:
    """Returns counts as they are, and shares in percent, without what the keys begin with."""
    values = {key.removeprefix('pseudo/').replace('_', ' '): v for key, v in result.items()}
    return ', '.join(
        f'{key} {value:.1%}' if isinstance(value, float) and key != 'images' else f'{key} {value:g}'
        for key, value in values.items()
    )


class Labels:
    """The pseudo-labels of a run.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.
        work_dir (Path): Of the run.
        stages (StageRuns): Does and records stages.
    """

    def __init__(self, cfg: Config, settings: Generations, work_dir: Path, stages: StageRuns):
        self.cfg = cfg
        self.settings = settings
        self.work_dir = work_dir
        self.stages = stages

    def write(self, generation: int, teachers: list[dict]) -> Path:
        """Returns the folder of a generation's labels, after they were written.

        Args:
            generation (int): Of the teachers.
            teachers (list[dict]): ``dict(checkpoint, config)`` of each.

        Raises:
            UserError: If no image got one.
        """
        folder = self.work_dir / f'generation_{generation}' / 'labels'
        cfg = labeling_config(self.cfg, self.settings, teachers, folder)

        def finish(results: list[dict]) -> dict:
            result = join_shards(cfg, results)
            if not result['pseudo/images']:
                raise UserError(
                    f'No image got a pseudo-label in {folder}: the teachers returned NaN for all.'
                )
            on_main_process(lambda: self._keep_examples(generation, folder), share=False)
            return result

        checked = self.cfg.get('check_files', True)
        stage = Stage(
            f'generation_{generation}/labels',
            lambda: label_jobs(cfg, folder, self.stages.executor),
            finish,
            (lambda: first_damage(folder)) if checked and self.needed(generation) else None,
        )
        self.stages.logger.info(f'{stage.name}: {in_words(self.stages.one(stage))}')
        on_main_process(lambda: delete_parts(folder), share=False)
        return folder

    def needed(self, generation: int) -> bool:
        """Returns whether a student still has to learn from the labels of a generation."""
        count = self.settings.students_per_generation
        students = (f'generation_{generation + 1}/student_{i}' for i in range(count))
        return not all(name in self.stages.finished for name in students)

    def drop(self, folder: Path) -> None:
        """Deletes labels that nobody needs any more, unless they are to be kept."""
        if not self.settings.keep_labels and is_main_process():
            for kind in ('labels', 'masks'):
                shutil.rmtree(folder / kind, ignore_errors=True)

    def _keep_examples(self, generation: int, labels: Path) -> None:
        keep_examples(self.work_dir, generation, labels)
        keep_pictures(self.work_dir, self.cfg.unlabeled_dataloader.dataset)
        keep_truth(self.work_dir, self.cfg.unlabeled_dataloader.dataset)
