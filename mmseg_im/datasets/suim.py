# SPDX-License-Identifier: Apache-2.0
"""SUIM underwater images."""

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class SUIMDataset(BaseSegDataset):
    """Semantic Segmentation of Underwater Imagery (Islam et al. 2020), 8 classes.

    Layout: ``images/{train,val,test}/NAME.jpg``, ``annotations/{train,val,test}/NAME.png`` with
    class ids. The palette is that of the published masks: red is bit 2 of the id, green bit 1,
    blue bit 0.
    """

    METAINFO = dict(
        classes=(
            'background', 'human diver', 'aquatic plant', 'wreck', 'robot', 'reef', 'fish',
            'sea floor',
        ),
        palette=[
            [0, 0, 0], [0, 0, 255], [0, 255, 0], [0, 255, 255], [255, 0, 0], [255, 0, 255],
            [255, 255, 0], [255, 255, 255],
        ],
    )  # fmt: skip

    def __init__(self, img_suffix='.jpg', seg_map_suffix='.png', **kwargs):
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
