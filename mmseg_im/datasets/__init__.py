# SPDX-License-Identifier: Apache-2.0
from . import transforms
from .camvid import CamVidDataset
from .candidates import CandidateDataset, LoadCandidate, PackCandidate
from .multi_label import MultiLabelDataset
from .pseudo_labeled import PseudoLabeledDataset
from .seeded import SeededDataset
from .semi_dataset import SemiDataset
from .shapes import ShapesDataset

__all__ = [
    'CamVidDataset',
    'CandidateDataset',
    'LoadCandidate',
    'MultiLabelDataset',
    'PackCandidate',
    'PseudoLabeledDataset',
    'SeededDataset',
    'SemiDataset',
    'ShapesDataset',
    'transforms',
]
