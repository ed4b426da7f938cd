# SPDX-License-Identifier: Apache-2.0
"""Stages of the quality network: cross-validation, training, judging of pseudo-labels."""

import copy
from collections.abc import Callable, Collection
from pathlib import Path

from mmengine import Config
from mmseg.registry import DATASETS

from ..datasets.pseudo_labeled import first_damage
from ..errors import UserError
from ..labels.spaces import space_name
from .configs import image_folder, labeled_config, labeling_config, student_config
from .evalnet_checks import folds
from .evalnet_settings import EvalNetSettings, judging_pipeline, labeling_pipeline
from .finished_files import qualities_damage, quality_damage
from .settings import Generations
from .stages import measure, student_seed, train_student, write_labels

FOLDER = 'evalnet'
FOLD_SEEDS, NETWORK_SEED = 10_000, 20_000  # beyond all generations
SHARED_KEYS = (
    'custom_imports', 'default_hooks', 'default_scope', 'env_cfg', 'launcher', 'log_level',
    'log_processor', 'model_wrapper_cfg', 'randomness', 'vis_backends', 'visualizer',
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
        options (EvalNetSettings): Its ``generations.evalnet``.
        work_dir (Path): Of the run.
        seed (int): Of the run.
        stage (Callable): ``stage(name, function, damage)`` does a stage unless it is finished and
            nothing is wrong with its files.
        finished (Collection[str]): Names of finished stages.
    """

    def __init__(
        self,
        cfg: Config,
        settings: Generations,
        options: EvalNetSettings,
        work_dir: Path,
        seed: int,
        stage: Callable,
        finished: Collection[str],
    ):
        self.cfg = cfg
        self.settings = settings
        self.options = options
        self.folder = work_dir / FOLDER
        self.seed = seed
        self.stage = stage
        self.finished = finished

    def train(self, teachers: list[dict]) -> None:
        """Trains the quality network, once in a run.

        Args:
            teachers (list[dict]): The first teachers, which label the validation images.
        """
        options = self.options
        labeled = labeled_config(student_config(self.cfg, self.settings, 0))
        count = len(DATASETS.build(dict(labeled, pipeline=[])))
        candidates = []
        for i, fold in enumerate(folds(count, options.num_folds)):
            candidates.append(str(self._fold(i, fold, count, labeled)))
        val = copy.deepcopy(self.cfg.val_dataloader.dataset)
        self._label('val', val, teachers)
        self.stage(
            f'{FOLDER}/network',
            lambda: self._network(labeled, val, candidates),
            lambda: qualities_damage(self.folder / 'validation.json'),
        )

    def _fold(self, i: int, fold: list[int], count: int, labeled: dict) -> Path:
        teachers = []
        for j in range(self.settings.num_teachers):
            name = f'fold_{i}/student_{j}'

            def train(name: str = name, j: int = j) -> dict:
                cfg = student_config(self.cfg, self.settings, 0)
                others = [k for k in range(count) if k not in fold]
                labeled_config(cfg)['indices'] = others
                seed = student_seed(self.seed, FOLD_SEEDS + i, j)
                return train_student(cfg, self.folder / name, seed, self.settings.metric)

            result = self.stage(f'{FOLDER}/{name}', train)
            _require_weights(result, name)
            files = {k: str(self.folder / name / result[k]) for k in ('checkpoint', 'config')}
            teachers.append(files)
        return self._label(f'fold_{i}', dict(labeled, indices=fold), teachers)

    def _label(self, name: str, dataset: dict, teachers: list[dict]) -> Path:
        """Labels images with networks that were not trained on them; returns the folder."""
        folder = self.folder / name / 'labels'

        def label() -> dict:
            cfg = copy.deepcopy(self.cfg)
            cfg.pop('unlabeled_evaluator', None)
            cfg.unlabeled_dataloader.dataset = dict(dataset, pipeline=labeling_pipeline(cfg))
            return write_labels(labeling_config(cfg, self.settings, teachers, folder), folder)

        done = f'{FOLDER}/network' in self.finished
        damage = None if done else lambda: first_damage(folder)
        self.stage(f'{FOLDER}/{name}/labels', label, damage)
        return folder

    def _network(self, labeled: dict, val: dict, candidates: list[str]) -> dict:
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
        result = train_student(cfg, self.folder / 'network', seed, 'quality/score')
        _require_weights(result, 'network')
        # the thresholds: what the best network predicts for the validation labels
        test = self._base(self.folder / 'network' / result['checkpoint'])
        test.test_dataloader = cfg.val_dataloader
        test.test_evaluator = self._metric(str(self.folder / 'validation.json'))
        test.test_cfg = dict(type='TestLoop')
        measure(test, self.folder / 'network_on_val')
        return result

    def judge(self, generation: int, labels: Path, needed: bool) -> None:
        """Predicts the quality of a generation's pseudo-labels, as a stage.

        Args:
            generation (int): Its number.
            labels (Path): Folder of the pseudo-labels.
            needed (bool): Whether a student still learns from them.
        """
        options = self.options

        def judge() -> dict:
            cfg = self._base(self.folder / 'network' / 'best.pth')
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
            return measure(cfg, labels.with_name('judging'))

        damage = (lambda: quality_damage(labels)) if needed else None
        self.stage(f'generation_{generation}/quality', judge, damage)

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
        preprocessor = self.cfg.model.data_preprocessor
        cfg.model = dict(
            type='EvalNet',
            num_classes=self.cfg.model.decode_head.num_classes,
            label_space=space_name(self.cfg.model),
            channels=self.options.channels,
            data_preprocessor=dict(
                type='ImgDataPreprocessor',
                **{k: preprocessor[k] for k in ('mean', 'std', 'bgr_to_rgb') if k in preprocessor},
            ),
        )
        if checkpoint is not None:
            cfg.load_from = str(checkpoint)
        return cfg
