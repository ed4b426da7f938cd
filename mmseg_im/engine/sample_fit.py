# SPDX-License-Identifier: Apache-2.0
"""Checks before training that samples have the channels and label maps that a model takes."""

from collections.abc import Iterator
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.model import is_model_wrapper
from mmseg.models import EncoderDecoder, SegDataPreProcessor
from torch import Tensor

from ..datasets.random_state import seeded
from ..errors import UserError
from ..errors.wording import counted
from ..models.data_preprocessor import MultiViewDataPreProcessor
from ..models.segmentors.channels import input_channels

KNOWN = SegDataPreProcessor.forward, MultiViewDataPreProcessor.forward


def check_first_sample(model: Any, dataset: BaseDataset, where: str, times: int = 1) -> None:
    """Loads the first sample of a data set, and compares it with a model.

    Args:
        model: See :func:`check_fit`.
        dataset (BaseDataset): Or one that holds some.
        where (str): Its config key.
        times (int): How often, as transforms draw whether they change the channels.

    Raises:
        UserError: See :func:`check_fit`.
    """
    for draw in range(times):
        with seeded(draw):  # what training draws stays the same
            sample = dataset[0]
        if isinstance(sample, dict):
            check_fit(model, sample, where)


def check_fit(model: Any, sample: dict, where: str) -> None:
    """Checks that a model of mmseg takes the images and labels of a sample.

    Args:
        model: Any but an ``EncoderDecoder`` of this package (``SemiSegmentor``) is not asked.
        sample (dict): ``inputs`` and ``data_samples``, or one of each for each view.
        where (str): Config key of the data set, for the messages.

    Raises:
        UserError: If images have another number of channels, or labels of labeled images another
            number of maps.
    """
    network = model.module if is_model_wrapper(model) else model
    space = getattr(network, 'label_space', None)
    if not isinstance(network, EncoderDecoder) or space is None:
        return
    # a preprocessor of the user's own may change the channels
    is_known = type(network.data_preprocessor).forward in KNOWN
    taken = input_channels(network)
    for view, image, label in _views(sample):
        if is_known and image.ndim == 3 and len(image) != taken:
            raise UserError(
                f'{where}: images have {counted(len(image), "channel")}{view} when the pipeline is '
                f'through, and the model takes {taken} (data_preprocessor.mean, in_channels of the '
                'backbone). Correct these, color_type of LoadImageFromFile, or the transform that '
                'makes or drops channels, such as PhotoMetricDistortion.'
            )
        if label is not None and len(label) != space.num_maps:
            raise UserError(
                f'{where}: an annotation has {counted(len(label), "map")}, and '
                f'model.label_space={type(space).__name__.lower()!r} takes {space.num_maps}. '
                'Classes that overlap need MultiLabelDataset with LoadMultiLabelAnnotations and '
                "label_space='multilabel'; all others LoadAnnotations and another label_space "
                '(docs/label_spaces.md).'
            )


def _views(sample: dict) -> Iterator[tuple[str, Tensor, Tensor | None]]:
    """Yields the name of each view in words, its image, and the label of labeled images."""
    inputs, samples = sample.get('inputs'), sample.get('data_samples')
    several = isinstance(inputs, dict)
    images = inputs if isinstance(inputs, dict) else {'': inputs}
    for name, image in images.items():
        one = samples.get(name) if several and isinstance(samples, dict) else samples
        found = getattr(one, 'gt_sem_seg', None) if name in ('', 'sup') else None
        if isinstance(image, Tensor):  # with augmentation at test time there are several
            yield (
                f' (view {name!r})' if name else '',
                image,
                None if found is None else found.data,
            )
