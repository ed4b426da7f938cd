# SPDX-License-Identifier: Apache-2.0
from .backbones import AdditiveUNet, DINOv2, EfficientNetLite
from .data_preprocessor import MultiViewDataPreProcessor
from .decode_heads import UniMatchDPTHead
from .evalnet import EvalNet
from .losses import ProbOHEMCrossEntropyLoss, WeightedCrossEntropyLoss
from .segmentors import EnsembleSegmentor, SemiCascadeSegmentor, SemiMixin, SemiSegmentor
from .strong_views_on_device import DeviceStrongViews
from .tta import LabelSpaceTTAModel

__all__ = [
    'AdditiveUNet',
    'DINOv2',
    'DeviceStrongViews',
    'EfficientNetLite',
    'EnsembleSegmentor',
    'EvalNet',
    'LabelSpaceTTAModel',
    'MultiViewDataPreProcessor',
    'ProbOHEMCrossEntropyLoss',
    'SemiCascadeSegmentor',
    'SemiMixin',
    'SemiSegmentor',
    'UniMatchDPTHead',
    'WeightedCrossEntropyLoss',
]
