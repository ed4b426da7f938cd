# SPDX-License-Identifier: Apache-2.0
"""Makes the configs of the single trainings and tests of a generational run."""

import copy
import os.path as osp
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmengine import Config, ConfigDict
from mmseg.registry import DATASETS

from ..errors import UserError
from ..errors.wording import did_you_mean
from ..files.config_file import read_config
from .settings import Generations

MASK_OPTIONS = dict(
    LoadInconsistencyMask=('erode', 'dilate', 'scope'),
    FilterInconsistentPixels=('block_label', 'masked_label', 'block_input', 'fill'),
    PseudoLabeledDataset=('max_ratio', 'same_classes', 'min_foreground'),
)
"""dict[str, tuple[str]]: Which option of ``generations.im`` goes into which part of a student."""


def student_config(
    cfg: Config, settings: Generations, generation: int, labels: str | None = None
) -> Config:
    """Returns the training config of one generation, which can also be run by hand.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.
        generation (int): 0 for the first teachers.
        labels (str, optional): Folder of the pseudo-labels, None for generation 0.

    Raises:
        MissingFileError: If ``first`` or ``student`` names a config that does not exist.
        UserError: If the config has no place for pseudo-labels.
    """
    key = 'student' if generation else 'first'
    changes = getattr(settings, key)
    if isinstance(changes, str):
        student = read_config(changes, f'generations.{key}')
        # of the processes that run
        for name in ('launcher', 'env_cfg', 'model_wrapper_cfg', 'check_files'):
            if name in cfg:
                student[name] = copy.deepcopy(cfg[name])
    else:
        student = copy.deepcopy(cfg)
        _merge(student, changes or {}, key)
    if generation and settings.per_generation:
        _merge(student, settings.per_generation[generation - 1], 'per_generation')
    for name in ('generations', 'runner_type', 'unlabeled_dataloader', 'unlabeled_evaluator'):
        student.pop(name, None)
    if generation:
        _insert_labels(student, settings, labels)
    student.resume = False  # of the whole run; train_student decides about this one
    keep_best(student, settings.metric)
    return student


def keep_best(cfg: Config, metric: str) -> None:
    """Adds ``KeepBestHook`` to a training config, in place of ``save_best``.

    Args:
        cfg (Config): Changed in place.
        metric (str): The validation metric that decides.
    """
    checkpoint = cfg.setdefault('default_hooks', {}).setdefault(
        'checkpoint', dict(type='CheckpointHook')
    )
    # KeepBestHook needs a checkpoint at every validation; two are kept, because mmengine removes
    # the old one before it writes the new one
    by_epoch = cfg.train_cfg.get('by_epoch', cfg.train_cfg.get('type') != 'IterBasedTrainLoop')
    interval = cfg.train_cfg.get('val_interval', 1)
    checkpoint.update(save_best=None, max_keep_ckpts=2, by_epoch=by_epoch, interval=interval)
    cfg.default_hooks.best = dict(type='KeepBestHook', metric=metric)
    hooks = [hook for hook in cfg.get('custom_hooks', []) if hook['type'] != 'KeepBestHook']
    given = {hook['type'] for hook in hooks}
    needed = [dict(type=name) for name in ('SeedHook', 'FiniteHook') if name not in given]
    cfg.custom_hooks = [*needed, *hooks]


def _merge(cfg: Config, changes: dict, where: str) -> None:
    for key in changes:
        name = key.split('.')[0]
        if name not in cfg:
            raise UserError(
                f'generations.{where}.{key}: the config has no key {name!r}.'
                f'{did_you_mean(name, cfg.keys())}'
            )
    cfg.merge_from_dict(copy.deepcopy(dict(changes)))  # merging takes ``_delete_`` out of them


def _insert_labels(student: Config, settings: Generations, labels: str | None) -> None:
    datasets = [
        node for node in nodes(student.train_dataloader) if _type(node) == 'PseudoLabeledDataset'
    ]
    if len(datasets) != 1:
        raise UserError(
            f'train_dataloader of the students holds {len(datasets)} PseudoLabeledDataset; it '
            'needs one, alone or as SemiDataset.labeled, where the pseudo-labels go.'
        )
    datasets[0]['labels'] = labels
    if settings.im is None:
        return
    options = _mask_options(student, settings)
    for node in nodes(datasets[0]):
        for option in MASK_OPTIONS.get(_type(node) or '', ()):
            if option in options:
                node[option] = options[option]
    present = {_type(node) for node in nodes(datasets[0]['unlabeled'])}
    for name in ('LoadInconsistencyMask', 'FilterInconsistentPixels'):
        if name not in present:
            raise UserError(
                f'generations.im is set, but train_dataloader.dataset.unlabeled.pipeline has no '
                f'{name}, so the mask would do nothing: add it, or leave out generations.im.'
            )


def _mask_options(student: Config, settings: Generations) -> dict:
    options = dict(settings.mask_config)
    if options.get('fill') == 'mean':
        preprocessor = student.model.data_preprocessor
        mean = list(preprocessor.mean)
        as_loaded = len(mean) == 3 and not preprocessor.get('bgr_to_rgb', False)
        options['fill'] = mean[::-1] if as_loaded else mean  # the transform wants R, G, B
    return options


def _type(node: dict) -> str | None:
    kind = node.get('type')
    return kind if isinstance(kind, str) or kind is None else kind.__name__


def nodes(value) -> Iterator[dict]:
    """Yields all dicts in a nested config, the outer ones first."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        yield from nodes(item)


def classes_of_data(dataset: dict) -> list[str]:
    """Returns the class names of a data set's config, without reading its files."""
    return list(DATASETS.build(dict(dataset, lazy_init=True, pipeline=[])).metainfo['classes'])


def labeled_config(student: Config) -> dict:
    """Returns the config of the labeled data set in a student's config."""
    for node in nodes(student.train_dataloader):
        if node.get('type') == 'PseudoLabeledDataset':
            return node['labeled']
    raise UserError('generations.evalnet needs a PseudoLabeledDataset in train_dataloader.')


def image_folder(dataset: dict) -> str:
    """Returns the folder to which the names of a data set's images are relative."""
    prefix = (dataset.get('data_prefix') or {}).get('img_path') or ''
    return osp.join(dataset.get('data_root') or '', prefix)


def labeling_config(
    cfg: Config, settings: Generations, teachers: Sequence[dict], folder: Path
) -> Config:
    """Returns the test config with which teachers label the unlabeled images.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.
        teachers (Sequence[dict]): ``dict(checkpoint, config)`` for each.
        folder (Path): Of the pseudo-labels.
    """
    writer = dict(
        type='PseudoLabelWriter',
        out_dir=str(folder),
        img_dir=image_folder(cfg.unlabeled_dataloader.dataset),
    )
    views = dict(views=settings.views, size_divisor=settings.size_divisor)
    labeling = copy.deepcopy(cfg)
    for name in [key for key in labeling if key.startswith(('train_', 'val_', 'optim_'))]:
        labeling.pop(name)
    for name in ('generations', 'runner_type', 'param_scheduler', 'custom_hooks', 'test_evaluator'):
        labeling.pop(name, None)
    evaluators = labeling.pop('unlabeled_evaluator', None) or []
    evaluators = [evaluators] if isinstance(evaluators, dict) else evaluators
    labeling.model = dict(
        type='EnsembleSegmentor',
        members=[dict(teacher, **views) for teacher in teachers],
        voter=settings.voter,
        min_agreement=1.0 if settings.im is None else settings.im.min_agreement,
        classes=classes_of_data(cfg.unlabeled_dataloader.dataset),
    )
    labeling.test_dataloader = labeling.pop('unlabeled_dataloader')
    labeling.test_evaluator = [ConfigDict(writer), *evaluators]
    labeling.test_cfg = dict(type='TestLoop')
    labeling.load_from, labeling.resume = None, False
    return labeling


def test_config(student: Config, checkpoint: str) -> Config:
    """Returns the config that tests a student's checkpoint on the test images."""
    test = copy.deepcopy(student)
    test.model.pop('semi', None)
    for name in [key for key in test if key.startswith(('train_', 'val_', 'optim_'))]:
        test.pop(name)
    for name in ('param_scheduler', 'custom_hooks'):
        test.pop(name, None)
    test.load_from = checkpoint
    test.resume = False
    return test
