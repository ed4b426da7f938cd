# SPDX-License-Identifier: Apache-2.0
from .camvid import CamVidDataset
from .multi_label import MultiLabelDataset
from .seeded import SeededDataset
from .semi_dataset import SemiDataset
from .shapes import ShapesDataset
from .transforms import *  # noqa: F403

__all__ = ['CamVidDataset', 'MultiLabelDataset', 'SeededDataset', 'SemiDataset', 'ShapesDataset']
