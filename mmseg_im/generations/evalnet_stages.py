# SPDX-License-Identifier: Apache-2.0
"""Stages of the quality network: cross-validation, training, judging of pseudo-labels."""

import copy
from functools import partial
from pathlib import Path

from mmengine import Config
from mmseg.registry import DATASETS

from ..datasets.damaged_labels import first_damage
from ..engine.hooks.best_files import BEST
from ..errors import UserError
from ..labels.spaces import space_name
from .configs import image_folder, labeled_config, labeling_config, student_config
from .evalnet_checks import folds
from .evalnet_settings import (
    EvalNetSettings,
    judging_pipeline,
    labeling_pipeline,
    quality_network,
)
from .finished_files import qualities_damage, quality_damage
from .jobs import Job, job_of
from .settings import Generations
from .stage_runs import Stage, StageRuns
from .stages import measure, student_seed, train_quality, train_student, write_labels

FOLDER = 'evalnet'
FOLD_SEEDS, NETWORK_SEED = 10_000, 20_000  # beyond all generations
SHARED_KEYS = (
    'check_files', 'custom_imports', 'default_hooks', 'default_scope', 'env_cfg', 'launcher',
    'log_level', 'log_processor', 'model_wrapper_cfg', 'randomness', 'vis_backends', 'visualizer',
)  # fmt: skip


def _require_weights(result: dict, name: str) -> None:
    if 'checkpoint' not in result:
        raise UserError(
            f'{FOLDER}/{name} diverged before its first validation. {result["diverged"]}'
        )


class QualityStages:
    """Trains the quality network and judges pseudo-labels with it, in stages of a run.

    The labeled images are split into folds. For each fold, networks are trained on the others and
    label the fold as an ensemble: labels by networks that did not see the image, beside its
    annotation, are what the quality network learns from. It is validated on the labels that the
    first teachers give the validation images.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.
        work_dir (Path): Of the run.
        seed (int): Of the run.
        stages (StageRuns): Does and records stages.
        options (EvalNetSettings): ``generations.evalnet``.
    """

    def __init__(
        self,
        cfg: Config,
        settings: Generations,
        work_dir: Path,
        seed: int,
        stages: StageRuns,
        options: EvalNetSettings,
    ):
        self.cfg = cfg
        self.settings = settings
        self.options = options
        self.folder = work_dir / FOLDER
        self.seed = seed
        self.stages = stages

    def train(self, teachers: list[dict]) -> None:
        """Trains the quality network, once in a run.

        Args:
            teachers (list[dict]): The first teachers, which label the validation images.
        """
        options = self.options
        labeled = labeled_config(student_config(self.cfg, self.settings, 0))
        count = len(DATASETS.build(dict(labeled, pipeline=[])))
        parts = folds(count, options.num_folds)
        by_fold = self._train_on_others(parts, count)
        val = copy.deepcopy(self.cfg.val_dataloader.dataset)
        labels = [
            self._labels(f'fold_{i}', dict(labeled, indices=part), by_fold[i])
            for i, part in enumerate(parts)
        ]
        for _ in self.stages.run([*labels, self._labels('val', val, teachers)]):
            pass
        candidates = [str(self.folder / f'fold_{i}' / 'labels') for i in range(len(parts))]
        result = self.stages.one(
            Stage(
                f'{FOLDER}/network',
                lambda: [self._network(labeled, val, candidates)],
                damage=lambda: qualities_damage(self.folder / 'validation.json'),
            )
        )
        _require_weights(result, 'network')

    def _train_on_others(self, parts: list[list[int]], count: int) -> list[list[dict]]:
        """Trains the networks that label each fold; returns ``dict(checkpoint, config)`` of them.

        Args:
            parts (list[list[int]]): The images of each fold.
            count (int): Labeled images.
        """
        number = self.settings.num_teachers
        places = [(i, j) for i in range(len(parts)) for j in range(number)]

        def jobs(i: int, j: int) -> list[Job]:
            cfg = student_config(self.cfg, self.settings, 0)
            labeled_config(cfg)['indices'] = [k for k in range(count) if k not in parts[i]]
            folder = self.folder / f'fold_{i}' / f'student_{j}'
            seed = student_seed(self.seed, FOLD_SEEDS + i, j)
            metric = self.settings.metric
            return [job_of(folder, train_student, cfg=cfg, seed=seed, metric=metric)]

        stages = [Stage(f'{FOLDER}/fold_{i}/student_{j}', partial(jobs, i, j)) for i, j in places]
        teachers: list[list[dict]] = [[] for _ in parts]
        for (i, j), result in zip(places, self.stages.run(stages), strict=True):
            name = f'fold_{i}/student_{j}'
            _require_weights(result, name)
            files = {k: str(self.folder / name / result[k]) for k in ('checkpoint', 'config')}
            teachers[i].append(files)
        return teachers

    def _labels(self, name: str, dataset: dict, teachers: list[dict]) -> Stage:
        """Returns the stage that labels images with networks that were not trained on them."""
        folder = self.folder / name / 'labels'

        def jobs() -> list[Job]:
            cfg = copy.deepcopy(self.cfg)
            cfg.pop('unlabeled_evaluator', None)
            cfg.unlabeled_dataloader.dataset = dict(dataset, pipeline=labeling_pipeline(cfg))
            cfg = labeling_config(cfg, self.settings, teachers, folder)
            return [job_of(folder, write_labels, cfg=cfg)]

        needed = f'{FOLDER}/network' not in self.stages.finished
        checked = needed and self.cfg.get('check_files', True)
        damage = (lambda: first_damage(folder)) if checked else None
        return Stage(f'{FOLDER}/{name}/labels', jobs, damage=damage)

    def _network(self, labeled: dict, val: dict, candidates: list[str]) -> Job:
        options = self.options
        cfg = self._base()
        cfg.train_dataloader = dict(
            batch_size=options.batch_size,
            num_workers=self.cfg.train_dataloader.num_workers,
            persistent_workers=self.cfg.train_dataloader.num_workers > 0,
            drop_last=True,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(
                type='CandidateDataset',
                dataset=dict(labeled, pipeline=options.pipeline),
                candidates=candidates,
                times=options.times,
            ),
        )
        cfg.val_dataloader = self._loader(
            dict(val, pipeline=options.test_pipeline), [str(self.folder / 'val' / 'labels')]
        )
        cfg.val_evaluator = self._metric()
        cfg.val_cfg = dict(type='ValLoop')
        cfg.train_cfg = dict(
            type='EpochBasedTrainLoop', max_epochs=options.max_epochs, val_interval=1
        )
        cfg.optim_wrapper = dict(
            type='OptimWrapper', optimizer=dict(type='AdamW', lr=options.lr, weight_decay=0.03)
        )
        cfg.default_hooks.checkpoint = dict(
            type='CheckpointHook', interval=1, max_keep_ckpts=2, save_best=None
        )
        cfg.default_hooks.best = dict(type='KeepBestHook', metric='quality/score')
        cfg.custom_hooks = [dict(type='SeedHook'), dict(type='FiniteHook')]
        seed = student_seed(self.seed, NETWORK_SEED)
        folder = self.folder / 'network'
        # the thresholds: what the best network predicts for the validation labels
        test = self._base(folder / BEST)
        test.test_dataloader = cfg.val_dataloader
        test.test_evaluator = self._metric(str(self.folder / 'validation.json'))
        test.test_cfg = dict(type='TestLoop')
        return job_of(folder, train_quality, cfg=cfg, test=test, seed=seed)

    def judge(self, generation: int, labels: Path, needed: bool) -> None:
        """Predicts the quality of a generation's pseudo-labels, as a stage.

        Args:
            generation (int): Its number.
            labels (Path): Folder of the pseudo-labels.
            needed (bool): Whether a student still learns from them.
        """
        options = self.options

        def jobs() -> list[Job]:
            cfg = self._base(self.folder / 'network' / BEST)
            dataset = copy.deepcopy(self.cfg.unlabeled_dataloader.dataset)
            dataset.pipeline = judging_pipeline(options)
            cfg.test_dataloader = self._loader(dataset, [str(labels)])
            cfg.test_evaluator = dict(
                type='LabelQualityWriter',
                labels=str(labels),
                img_dir=image_folder(dataset),
                validation=str(self.folder / 'validation.json'),
                quantiles=options.quantiles,
                drop_quantile=options.drop_quantile,
                min_class_iou=options.min_class_iou,
                skip_classes=options.skip_classes,
            )
            cfg.test_cfg = dict(type='TestLoop')
            return [job_of(labels.with_name('judging'), measure, cfg=cfg)]

        checked = needed and self.cfg.get('check_files', True)
        damage = (lambda: quality_damage(labels)) if checked else None
        self.stages.one(Stage(f'generation_{generation}/quality', jobs, damage=damage))

    def _metric(self, out_file: str | None = None) -> dict:
        return dict(
            type='LabelQualityMetric',
            label_space=space_name(self.cfg.model),
            skip_classes=self.options.skip_classes,
            out_file=out_file,
        )

    def _loader(self, dataset: dict, candidates: list[str]) -> dict:
        return dict(
            batch_size=1,  # images may differ in size
            num_workers=self.cfg.val_dataloader.num_workers,
            persistent_workers=self.cfg.val_dataloader.num_workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(type='CandidateDataset', dataset=dataset, candidates=candidates),
        )

    def _base(self, checkpoint: Path | None = None) -> Config:
        """Returns the config that training and use of the quality network share."""
        cfg = Config({key: copy.deepcopy(self.cfg[key]) for key in SHARED_KEYS if key in self.cfg})
        for name in ('visualization', 'report'):  # of segmentations
            cfg.default_hooks.pop(name, None)
        cfg.model = quality_network(self.cfg.model, self.options.channels)
        if checkpoint is not None:
            cfg.load_from = str(checkpoint)
        return cfg
