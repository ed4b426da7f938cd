# SPDX-License-Identifier: Apache-2.0
"""Seeds every training step from the run's seed and the step's number."""

import logging
import random

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_rank
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import HOOKS

from ...datasets.seeded import Seeded
from ...errors import UserError


@HOOKS.register_module()
class SeedHook(Hook):
    """Seeds every step, so that a run that was stopped and resumed equals one that was not.

    mmengine saves no random state. Before each step this hook seeds ``random``, NumPy and torch
    of the process (dropout, CutMix boxes) with (seed, iteration, rank); at the start of an epoch
    it passes seed and epoch to a :class:`~mmseg_im.datasets.SemiDataset` or
    :class:`~mmseg_im.datasets.SeededDataset`, whose workers cannot see them otherwise.

    An ``IterBasedTrainLoop`` has no epochs: there the samples come from the workers' random
    state, and a resumed run draws other samples than an undisturbed one.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Warns if a resumed run would differ from one that was not stopped.

        Raises:
            UserError: If an epoch would never end.
        """
        epochs = isinstance(runner.train_loop, EpochBasedTrainLoop)
        if epochs and isinstance(runner.train_dataloader.sampler, InfiniteSampler):
            raise UserError(
                'train_dataloader.sampler is an InfiniteSampler, so an epoch of '
                "EpochBasedTrainLoop never ends: use dict(type='DefaultSampler', shuffle=True)."
            )
        by_iteration = any(
            isinstance(hook, CheckpointHook) and not hook.by_epoch for hook in runner.hooks
        )
        if not epochs or by_iteration:
            print_log(
                'A run that is resumed equals one that was not stopped only with '
                'EpochBasedTrainLoop and checkpoints at epochs (CheckpointHook.by_epoch=True).',
                logger='current',
                level=logging.WARNING,
            )

    def before_train_epoch(self, runner) -> None:
        """Starts an epoch of the data set, also of one inside a wrapper such as RepeatDataset."""
        dataset = runner.train_dataloader.dataset
        while not isinstance(dataset, Seeded) and hasattr(dataset, 'dataset'):
            dataset = dataset.dataset
        if isinstance(dataset, Seeded) and isinstance(runner.train_loop, EpochBasedTrainLoop):
            dataset.set_epoch(runner.seed, runner.epoch)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seeds ``random``, NumPy and torch for one step."""
        key = [runner.seed & 0xFFFFFFFF, runner.iter, get_rank()]
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
