# SPDX-License-Identifier: Apache-2.0
"""What a data set is made of."""

from collections.abc import Iterable, Iterator

from mmengine.dataset import BaseDataset

from ..labels.spaces import IGNORE_INDEX


def parts_of(dataset) -> Iterator[BaseDataset]:
    """The data sets of files within a data set that repeats or joins them."""
    if isinstance(dataset, BaseDataset):
        yield dataset
    for part in [getattr(dataset, 'dataset', None), *getattr(dataset, 'datasets', ())]:
        if part is not None:
            yield from parts_of(part)


def infos_of(dataset: BaseDataset) -> list[dict]:
    """The data infos of all samples: their files, and how to read them."""
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def transforms_of(pipeline) -> Iterator[object]:
    """The transforms of a pipeline, with those inside others (views, test-time augmentation)."""
    for name in ('transforms', 'subroutines', 'views'):
        inner = getattr(pipeline, name, ())
        inner = inner.values() if isinstance(inner, dict) else inner
        for transform in inner if isinstance(inner, Iterable) else [inner]:
            yield transform
            yield from transforms_of(transform)


def num_classes_of(dataset: BaseDataset) -> int:
    """The number of classes; the ignore index, where nothing is known of them."""
    return len(dataset.metainfo.get('classes') or ()) or IGNORE_INDEX
