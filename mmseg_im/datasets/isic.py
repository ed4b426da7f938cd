# SPDX-License-Identifier: Apache-2.0
"""ISIC 2018, task 1: skin lesions."""

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class ISIC2018Dataset(BaseSegDataset):
    """Outlines of skin lesions in dermoscopic images (Codella et al., arXiv 1902.03368).

    Layout: ``images/{train,val,test}/NAME.jpg``, ``annotations/{train,val,test}/NAME.png`` of 0
    and 1.
    """

    METAINFO = dict(classes=('background', 'lesion'), palette=[[40, 40, 40], [230, 120, 50]])

    def __init__(self, img_suffix='.jpg', seg_map_suffix='.png', **kwargs):
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
