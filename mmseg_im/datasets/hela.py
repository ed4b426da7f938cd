# SPDX-License-Identifier: Apache-2.0
"""HeLa cells in bright field."""

from mmseg.registry import DATASETS

from .multi_label import MultiLabelDataset


@DATASETS.register_module()
class HeLaDataset(MultiLabelDataset):
    """Crops of HeLa cells (Vorndran and Roeck, arXiv 2401.14387), three classes that overlap.

    Layout: ``images/{train,val,test}/NAME.png``, ``annotations/{train,val,test}/CLASS/NAME.png``
    of 0 and 255. ``position`` is a disc at the centre of each cell, alive or dead.
    """

    METAINFO = dict(
        classes=('alive', 'dead', 'position'),
        palette=[[110, 190, 90], [230, 120, 50], [70, 150, 220]],
    )

    def __init__(self, img_suffix='.png', seg_map_suffix='.png', **kwargs):
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
