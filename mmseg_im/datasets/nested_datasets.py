# SPDX-License-Identifier: Apache-2.0
"""Lists the parts of a data set: inner data sets, samples, transforms, classes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmengine.dataset import BaseDataset

from ..labels.spaces import IGNORE_INDEX


def parts_of(dataset) -> Iterator[BaseDataset]:
    """Yields the data sets that read files, within one that repeats or joins them."""
    if isinstance(dataset, BaseDataset):
        yield dataset
    for part in [getattr(dataset, 'dataset', None), *getattr(dataset, 'datasets', ())]:
        if part is not None:
            yield from parts_of(part)


class Infos(Sequence[dict]):
    """The data infos of all samples, paths and how to read them, each made when it is asked for.

    Args:
        dataset (BaseDataset): Of mmseg.
    """

    def __init__(self, dataset: BaseDataset):
        self.dataset = dataset
        self._numbers = range(len(dataset))

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, i):
        return self.dataset.get_data_info(self._numbers[i])


def transforms_of(pipeline) -> Iterator[Any]:
    """Yields the transforms of a pipeline, also those inside views and test-time augmentation."""
    for name in ('transforms', 'subroutines', 'views'):
        inner = getattr(pipeline, name, ())
        inner = inner.values() if isinstance(inner, dict) else inner
        for transform in inner if isinstance(inner, Iterable) else [inner]:
            yield transform
            yield from transforms_of(transform)


def num_classes_of(dataset: BaseDataset) -> int:
    """Returns the number of classes; the ignore index if the data set names none."""
    return len(dataset.metainfo.get('classes') or ()) or IGNORE_INDEX
