# SPDX-License-Identifier: Apache-2.0
"""Makes pixel-aligned views of one image."""

import copy

from mmcv.transforms import BaseTransform, Compose
from mmseg.registry import TRANSFORMS

from ...errors import UserError


@TRANSFORMS.register_module()
class MultiView(BaseTransform):
    """Makes several views of an image: photometric branches after a shared geometry.

    Resize, crop and flip before this transform, so that a pixel means the same in all views;
    each branch ends in a packer. A branch may also end in a ``MultiView`` of its own, whose views
    are added under their own names: with the geometry inside such branches, one image gives two
    crops (UniMatch V1 mixes an image with another crop of it).

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
        packed: dict[str, dict] = dict(inputs={}, data_samples={})
        for name, view in self.views.items():
            item = view(copy.deepcopy(results))
            for key, collected in packed.items():
                found = item[key] if isinstance(item[key], dict) else {name: item[key]}
                common = found.keys() & collected.keys()
                if common:
                    raise UserError(f'MultiView.views: two views are named {min(common)!r}.')
                collected.update(found)
        return packed
