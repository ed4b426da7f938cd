# SPDX-License-Identifier: Apache-2.0
"""Several views of one image that stay pixel-aligned."""

import copy

from mmcv.transforms import BaseTransform, Compose
from mmseg.registry import TRANSFORMS

from ...errors import UserError


@TRANSFORMS.register_module()
class MultiView(BaseTransform):
    """Ends a pipeline with several photometric branches after a shared geometry.

    Resize, crop and flip before this transform, so that a pixel means the same in all views;
    each branch ends in a packer.

    Args:
        views (dict[str, list[dict]]): Name to pipeline, such as ``weak``, ``strong``.

    Returns (of ``transform``):
        dict: ``inputs`` and ``data_samples``, each a dict from view name to the packed value.
    """

    def __init__(self, views: dict):
        if not views or 'sup' in views:
            raise UserError(
                "MultiView.views must name one view or more, and none of them 'sup', which is the "
                'labeled image.'
            )
        self.views = {name: Compose(pipeline) for name, pipeline in views.items()}

    def transform(self, results: dict) -> dict:
        packed = {name: view(copy.deepcopy(results)) for name, view in self.views.items()}
        return {
            key: {name: item[key] for name, item in packed.items()}
            for key in ('inputs', 'data_samples')
        }
