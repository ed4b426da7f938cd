# SPDX-License-Identifier: Apache-2.0
"""A sampler of some neighbouring images of a data set."""

from collections.abc import Iterator, Sized

from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Sampler


@DATA_SAMPLERS.register_module()
class RangeSampler(Sampler):
    """Yields the numbers from ``start`` to ``stop - 1``, in order, in one process.

    Args:
        dataset (Sized): Of at least ``stop`` images.
        start (int): The first image.
        stop (int): The one after the last.
        seed (int, optional): Of a Runner; nothing is drawn.
    """

    def __init__(self, dataset: Sized, start: int, stop: int, seed: int | None = None):
        self.range = range(len(dataset))[start:stop]

    def __iter__(self) -> Iterator[int]:
        return iter(self.range)

    def __len__(self) -> int:
        return len(self.range)

    def set_epoch(self, epoch: int) -> None:
        """Does nothing: every pass is the same."""
