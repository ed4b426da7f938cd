# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of batches that hold several views of each image."""

from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS


@MODELS.register_module()
class MultiViewDataPreProcessor(SegDataPreProcessor):
    """Applies mmseg's preprocessor to each view of a batch.

    A batch of :class:`~mmseg_im.datasets.SemiDataset` is ``dict(inputs={view: [image, ...]},
    data_samples={view: [sample, ...]})`` and becomes ``dict(inputs={view: (N, 3, H, W)}, ...)``.
    A batch without views (validation, test, inference, supervised training) is left to mmseg.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalises, pads and stacks; padding has the label 255 in every view."""
        if not isinstance(data['inputs'], dict):
            return super().forward(data, training)
        views = {
            name: super(MultiViewDataPreProcessor, self).forward(
                dict(inputs=images, data_samples=data['data_samples'][name]), training
            )
            for name, images in data['inputs'].items()
        }
        return dict(
            inputs={name: view['inputs'] for name, view in views.items()},
            data_samples={name: view['data_samples'] for name, view in views.items()},
        )
