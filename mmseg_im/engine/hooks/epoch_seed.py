# SPDX-License-Identifier: Apache-2.0
"""Makes the randomness of an epoch a function of the run's seed and the epoch's number."""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds every epoch, so that a run that was stopped and resumed equals one that was not.

    mmengine saves no random state, and persistent workers would begin anew after ``--resume``.
    At the start of an epoch this hook seeds ``random``, NumPy and torch of the process (dropout,
    CutMix boxes) with (seed, epoch, rank), and tells seed and epoch to a
    :class:`~mmseg_im.datasets.SemiDataset` or :class:`~mmseg_im.datasets.SeededDataset`.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        """Seeds the epoch."""
        key = [runner.seed & 0xFFFFFFFF, runner.epoch, get_rank()]
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        dataset = runner.train_dataloader.dataset
        if hasattr(dataset, 'set_epoch'):
            dataset.set_epoch(runner.seed, runner.epoch)
