# SPDX-License-Identifier: Apache-2.0
"""Makes the randomness of a step a function of the run's seed and the step's number."""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import HOOKS

from ...datasets.seeded import Seeded


@HOOKS.register_module()
class SeedHook(Hook):
    """Seeds every step, so that a run that was stopped and resumed equals one that was not.

    mmengine saves no random state. Before each step this hook seeds ``random``, NumPy and torch
    of the process (dropout, CutMix boxes) with (seed, iteration, rank); at the start of an epoch
    it tells seed and epoch to a :class:`~mmseg_im.datasets.SemiDataset` or
    :class:`~mmseg_im.datasets.SeededDataset`, whose workers cannot see them otherwise.

    An ``IterBasedTrainLoop`` has no epochs: there the samples come from the workers' random
    state, and a resumed run draws other samples than an undisturbed one.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner) -> None:
        """Starts an epoch of the data set."""
        dataset = runner.train_dataloader.dataset
        if isinstance(dataset, Seeded) and isinstance(runner.train_loop, EpochBasedTrainLoop):
            dataset.set_epoch(runner.seed, runner.epoch)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seeds a step."""
        key = [runner.seed & 0xFFFFFFFF, runner.iter, get_rank()]
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
