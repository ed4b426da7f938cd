# SPDX-License-Identifier: Apache-2.0
"""CamVid road scenes in the 11-class form and with the original 32 colours."""

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class CamVidDataset(BaseSegDataset):
    """Cambridge-driving Labeled Video Database (Brostow et al. 2009), SegNet's 11 classes.

    Layout: ``images/{train,val,test}/NAME.jpg``, ``annotations/{train,val,test}/NAME.png`` with
    class ids and 255 for void.
    """

    METAINFO = dict(
        classes=(
            'sky', 'building', 'pole', 'road', 'pavement', 'tree', 'sign', 'fence', 'car',
            'pedestrian', 'bicyclist',
        ),
        palette=[
            [128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128], [0, 0, 192],
            [128, 128, 0], [192, 128, 128], [64, 64, 128], [64, 0, 128], [64, 64, 0],
            [0, 128, 192],
        ],
    )  # fmt: skip

    def __init__(self, img_suffix='.jpg', seg_map_suffix='.png', **kwargs):
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)


@DATASETS.register_module()
class CamVid32Dataset(BaseSegDataset):
    """CamVid with the 32 colours of the original: 31 classes, and void, which is ignored.

    Layout: ``images/{train,val,test}/NAME.png``, ``annotations/{train,val,test}/NAME.png`` with
    class ids in the order of ``label_colors.txt`` without its line ``Void``, and 255 for void.
    The palette is that of ``label_colors.txt``.
    """

    METAINFO = dict(
        classes=(
            'Animal', 'Archway', 'Bicyclist', 'Bridge', 'Building', 'Car', 'CartLuggagePram',
            'Child', 'Column_Pole', 'Fence', 'LaneMkgsDriv', 'LaneMkgsNonDriv', 'Misc_Text',
            'MotorcycleScooter', 'OtherMoving', 'ParkingBlock', 'Pedestrian', 'Road',
            'RoadShoulder', 'Sidewalk', 'SignSymbol', 'Sky', 'SUVPickupTruck', 'TrafficCone',
            'TrafficLight', 'Train', 'Tree', 'Truck_Bus', 'Tunnel', 'VegetationMisc', 'Wall',
        ),
        palette=[
            [64, 128, 64], [192, 0, 128], [0, 128, 192], [0, 128, 64], [128, 0, 0], [64, 0, 128],
            [64, 0, 192], [192, 128, 64], [192, 192, 128], [64, 64, 128], [128, 0, 192],
            [192, 0, 64], [128, 128, 64], [192, 0, 192], [128, 64, 64], [64, 192, 128],
            [64, 64, 0], [128, 64, 128], [128, 128, 192], [0, 0, 192], [192, 128, 128],
            [128, 128, 128], [64, 128, 192], [0, 0, 64], [0, 64, 64], [192, 64, 128],
            [128, 128, 0], [192, 128, 192], [64, 0, 64], [192, 192, 0], [64, 192, 0],
        ],
    )  # fmt: skip

    def __init__(self, img_suffix='.png', seg_map_suffix='.png', **kwargs):
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
