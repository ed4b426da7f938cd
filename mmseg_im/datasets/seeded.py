# SPDX-License-Identifier: Apache-2.0
"""Data sets whose samples depend on (seed, epoch, index) alone."""

from abc import ABC, abstractmethod

import torch
from mmseg.registry import DATASETS

from ..errors import UserError
from .checks import build_checked
from .first_samples import try_first_sample
from .random_state import seeded

NOT_SET = -1


class Seeded(ABC):
    """Base of data sets whose sample depends on (seed, epoch, index) alone.

    Which worker or process loads a sample, and whether the run was stopped and resumed before,
    then changes nothing. Seed and epoch come from :class:`~mmseg_im.engine.hooks.SeedHook`
    through shared memory, because persistent workers see no other change. Until the hook has set
    them (or without it) samples are drawn from the worker's own random state, as in mmengine.
    """

    tries_pipelines = True  # when it is built, see first_samples.try_first_samples

    def __init__(self):
        self._clock = torch.tensor([0, NOT_SET]).share_memory_()

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Starts an epoch, in this process and in all its workers."""
        self._clock.copy_(torch.tensor([seed, epoch]))

    def full_init(self) -> None:  # noqa: B027  # most subclasses have no more to do
        """Does nothing: the files were checked when the data set was built."""

    def __getitem__(self, index: int) -> dict:
        seed, epoch = self._clock.tolist()
        if epoch == NOT_SET:
            return self.load(index)
        with seeded(seed, epoch, index):
            return self.load(index)

    @property
    @abstractmethod
    def metainfo(self) -> dict:
        """dict: Classes and palette."""

    @abstractmethod
    def __len__(self) -> int:
        """Samples of an epoch."""

    @abstractmethod
    def load(self, index: int) -> dict:
        """Loads one sample, under its seed."""


@DATASETS.register_module()
class SeededDataset(Seeded):
    """A labeled data set for the supervised baseline.

    Args:
        dataset (dict): Config of a data set of mmseg. Its files are checked before training, see
            :func:`~.checks.build_checked`.
        times (int): How often it is repeated in an epoch, each time augmented anew.
    """

    def __init__(self, dataset: dict, times: int = 1):
        super().__init__()
        if times < 1:
            raise UserError(f'SeededDataset.times={times} must be 1 or more.')
        where = 'train_dataloader.dataset.dataset'
        self.dataset = build_checked(dataset, where, labeled=True)
        try_first_sample(self.dataset, where)
        self.times = times

    @property
    def metainfo(self) -> dict:
        """dict: Classes and palette."""
        return self.dataset.metainfo

    def __len__(self) -> int:
        return len(self.dataset) * self.times

    def load(self, index: int) -> dict:
        return self.dataset[index % len(self.dataset)]
