# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of batches that hold several views of each image."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor, ImgDataPreprocessor
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from ..build import build
from ..errors import UserError
from .strong_views_on_device import DeviceStrongViews


class AnyBands(BaseDataPreprocessor):
    """Lets a preprocessor of mmengine or mmseg take ``mean`` and ``std`` of any length.

    Args:
        *args: Of the preprocessor.
        **kwargs: Of the preprocessor; one value of ``mean`` or ``std`` is for all channels.

    Raises:
        UserError: If only one of ``mean`` and ``std`` is given, or both and not equally long.
    """

    def __init__(self, *args, **kwargs):
        mean, std = kwargs.get('mean'), kwargs.get('std')
        _check_lengths(mean, std)
        # mmengine and the maintained fork of mmseg refuse these when it is built, and no later
        bands = mean is not None and std is not None and not {len(mean), len(std)} <= {1, 3}
        super().__init__(*args, **(kwargs | dict(mean=None, std=None) if bands else kwargs))
        if bands:
            self._enable_normalize = True
            for name, values in (('mean', mean), ('std', std)):
                self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)


@MODELS.register_module()
class BandsDataPreProcessor(AnyBands, ImgDataPreprocessor):
    """Normalises and stacks images of any number of channels; see :class:`AnyBands`."""


@MODELS.register_module()
class MultiViewDataPreProcessor(AnyBands, SegDataPreProcessor):
    """Applies mmseg's preprocessor to each view of a batch.

    A batch of :class:`~mmseg_im.datasets.SemiDataset` is ``dict(inputs={view: [image, ...]},
    data_samples={view: [sample, ...]})`` and becomes ``dict(inputs={view: (N, 3, H, W)}, ...)``.
    A batch without views (validation, test, inference, supervised training) is left to mmseg.

    Args:
        *args: Of mmseg's preprocessor and of :class:`AnyBands`.
        device_views (dict, optional): Config of :class:`DeviceStrongViews`, which makes further
            views of a training batch before they are normalised and padded. A view that is made
            shares the samples of the view that it is made of.
        **kwargs: Of the same.
    """

    def __init__(self, *args, device_views: dict | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.device_views: DeviceStrongViews | None = None
        if device_views is not None:
            where = 'model.data_preprocessor.device_views'
            self.device_views = build(MODELS, device_views, where)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalises, pads and stacks each view; padding has the label 255."""
        if not isinstance(data['inputs'], dict):
            return super().forward(data, training)
        made: dict[str, list] = {}
        sources: dict[str, str] = {}
        if training and self.device_views is not None:
            data = self.cast_data(data)
            made, sources = self.device_views(data['inputs']), self.device_views.sources
        views = {
            name: super(MultiViewDataPreProcessor, self).forward(
                dict(inputs=images, data_samples=data['data_samples'][name]), training
            )
            for name, images in data['inputs'].items()
        }
        for name, images in made.items():
            empty = [SegDataSample() for _ in images]  # label maps are padded once, with the source
            view = super().forward(dict(inputs=images, data_samples=empty), training)
            view['data_samples'] = views[sources[name]]['data_samples']
            views[name] = view
        return dict(
            inputs={name: view['inputs'] for name, view in views.items()},
            data_samples={name: view['data_samples'] for name, view in views.items()},
        )


def _check_lengths(mean: Sequence[float] | None, std: Sequence[float] | None) -> None:
    key = 'model.data_preprocessor'
    if (mean is None) != (std is None):
        given, missing = ('mean', 'std') if std is None else ('std', 'mean')
        raise UserError(f'{key}.{given} is given and {key}.{missing} is not: give both or none.')
    if mean is not None and std is not None and len({1, len(mean), len(std)}) > 2:
        raise UserError(
            f'{key}.mean has {len(mean)} values and {key}.std {len(std)}: give each channel of the '
            'images its value, or one for all.'
        )
