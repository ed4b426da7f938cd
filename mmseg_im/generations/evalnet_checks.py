# SPDX-License-Identifier: Apache-2.0
"""Checks what the quality network needs before the first teacher is trained."""

import math

from mmengine import Config
from mmseg.registry import DATASETS

from ..engine.checked_training import check_batch
from ..errors import UserError
from .configs import labeled_config, nodes, student_config
from .pipeline_trials import maps_of, try_quality
from .settings import Generations


def check_quality(cfg: Config, settings: Generations, classes: list[str]) -> None:
    """Checks everything that the quality network will need.

    Args:
        cfg (Config): The generational config.
        settings (Generations): Its ``generations``.
        classes (list[str]): Of the data.

    Raises:
        UserError: If an option does not fit, or a pipeline fails.
    """
    if settings.evalnet is None:
        return
    options = settings.evalnet
    first = student_config(cfg, settings, 0)
    labeled = labeled_config(first)
    if labeled.get('indices') is not None:
        raise UserError(
            'train_dataloader.dataset.labeled.indices: the folds of generations.evalnet are made '
            'with it. Name the images in ann_file.'
        )
    count = len(DATASETS.build(dict(labeled, pipeline=[])))
    if count < options.num_folds:
        raise UserError(
            f'generations.evalnet.num_folds={options.num_folds} is more than the {count} labeled '
            'images.'
        )
    for name in options.skip_classes:
        if name not in classes:
            raise UserError(
                f'generations.evalnet.skip_classes: the data has no class {name!r}; it has '
                f'{", ".join(classes)}.'
            )
    if isinstance(cfg.model.decode_head, list):
        raise UserError('generations.evalnet does not know networks with several decode heads.')
    for key in ('pipeline', 'test_pipeline'):
        steps = getattr(options, key)
        for name in ('LoadCandidate', 'PackCandidate'):
            if all(step.get('type') != name for step in steps):
                raise UserError(f'generations.evalnet.{key} has no {name}.')
    processes = settings.executor.processes
    share = own_share(options.times * count, processes)
    check_batch(share, options.batch_size, 'generations.evalnet')
    try_quality(cfg, options, labeled, maps_of(cfg.model))
    _check_folds(first, count, options.num_folds, processes)


def _check_folds(first: Config, count: int, num_folds: int, processes: int) -> None:
    """Checks that the networks of a fold have a batch of the labeled images outside it."""
    if not first.train_dataloader.get('drop_last', False):
        return
    labeled_config(first)['indices'] = list(range(len(folds(count, num_folds)[0]), count))
    samples = len(DATASETS.build(first.train_dataloader.dataset))
    where = f'generations.evalnet.num_folds={num_folds}: train_dataloader'
    share = own_share(samples, processes)
    check_batch(share, first.train_dataloader.batch_size, where)


def folds(count: int, num_folds: int) -> list[list[int]]:
    """Splits image numbers into folds whose sizes differ by one at most."""
    return [list(range(i, count, num_folds)) for i in range(num_folds)]


def own_share(samples: int, processes: int) -> int:
    """Returns how many samples of an epoch each process gets."""
    return math.ceil(samples / processes)


def check_draws(plan: dict, settings: Generations) -> None:
    """Checks that the quality network is asked if there is one, and is there if it is asked.

    Args:
        plan (dict): Config of the data set of a student.
        settings (Generations): See :func:`check_quality`.

    Raises:
        UserError: If not.
    """
    datasets = [node for node in nodes(plan) if node.get('type') == 'PseudoLabeledDataset']
    wants = any(node.get('draws') == 'quality' for node in datasets)
    if settings.evalnet is not None and not wants:
        raise UserError(
            'generations.evalnet is set, and nothing uses what it says: set '
            "train_dataloader.dataset.draws='quality', or leave out generations.evalnet."
        )
    filters = any(node.get('type') == 'FilterInconsistentPixels' for node in nodes(datasets))
    if settings.evalnet is not None and settings.evalnet.min_class_iou and not filters:
        raise UserError(
            'generations.evalnet.min_class_iou needs FilterInconsistentPixels in '
            'train_dataloader.dataset.unlabeled.pipeline, which takes the classes out.'
        )
    if wants and settings.evalnet is None:
        raise UserError(
            "train_dataloader.dataset.draws='quality' needs a quality network: add "
            "generations.evalnet=dict(...), or choose 'once' or 'masked'."
        )
