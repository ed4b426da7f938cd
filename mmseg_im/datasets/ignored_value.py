# SPDX-License-Identifier: Apache-2.0
"""Refuses pipelines and data sets that mark pixels to ignore with another label than 255."""

from collections.abc import Iterator

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX
from .nested_datasets import transforms_of

OPTIONS = ('seg_pad_val', 'seg_fill_in', 'ignore_index')
"""tuple[str]: Names that transforms of mmseg have for the label of pixels without a label."""


def check_ignored_value(dataset: BaseDataset, where: str) -> None:
    """Checks that what a pipeline pads, turns in or cuts out is no class.

    Args:
        dataset (BaseDataset): Of mmseg; transforms within others (``RandomApply``) count.
        where (str): Its config key, for the message.

    Raises:
        UserError: Which key has another value than 255.
    """
    for key, value in _named(dataset):
        if not (np.asarray(value) == IGNORE_INDEX).all():
            raise UserError(
                f'{where}.{key} is {value}: such pixels would be learned as a class. Set it to '
                f'{IGNORE_INDEX}, the one label that counts nowhere; where your annotations have '
                'another value for pixels that do not count, let the label_map of the data set '
                f'turn it into {IGNORE_INDEX}.'
            )


def _named(dataset: BaseDataset) -> Iterator[tuple[str, object]]:
    """Yields keys and values of all options that name the ignored label."""
    yield 'ignore_index', getattr(dataset, 'ignore_index', IGNORE_INDEX)
    for step in transforms_of(dataset.pipeline):
        key = f'pipeline.{type(step).__name__}'
        for option in OPTIONS:
            value = getattr(step, option, None)
            if value is not None:  # RandomCutOut: the annotation stays as it is
                yield f'{key}.{option}', value
        padding = getattr(step, 'pad_val', None)
        if isinstance(padding, dict):
            yield f"{key}.pad_val['seg']", padding.get('seg', IGNORE_INDEX)
