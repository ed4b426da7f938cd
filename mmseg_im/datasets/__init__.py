# SPDX-License-Identifier: Apache-2.0
from . import transforms
from .camvid import CamVid32Dataset, CamVidDataset
from .hela import HeLaDataset
from .isic import ISIC2018Dataset
from .labels_to_judge import CandidateDataset, LoadCandidate, PackCandidate
from .multi_label import MultiLabelDataset
from .pseudo_labeled import PseudoLabeledDataset
from .range_sampler import RangeSampler
from .seeded import SeededDataset
from .semi_dataset import SemiDataset
from .shapes import ShapesDataset
from .suim import SUIMDataset

__all__ = [
    'CamVid32Dataset',
    'CamVidDataset',
    'CandidateDataset',
    'HeLaDataset',
    'ISIC2018Dataset',
    'LoadCandidate',
    'MultiLabelDataset',
    'PackCandidate',
    'PseudoLabeledDataset',
    'RangeSampler',
    'SUIMDataset',
    'SeededDataset',
    'SemiDataset',
    'ShapesDataset',
    'transforms',
]
