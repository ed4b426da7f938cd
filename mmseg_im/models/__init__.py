# SPDX-License-Identifier: Apache-2.0
from ..inconsistency import InconsistencyMask
from .backbones import AdditiveUNet, DINOv2
from .data_preprocessor import MultiViewDataPreProcessor
from .decode_heads import UniMatchDPTHead
from .device_views import DeviceStrongViews
from .evalnet import EvalNet
from .frozen_teacher import FrozenTeacher
from .losses import ProbOHEMCrossEntropyLoss, WeightedCrossEntropyLoss
from .pretrained import CheckedPretrainedInit
from .segmentors import EnsembleSegmentor, SemiCascadeSegmentor, SemiMixin, SemiSegmentor
from .ssl import (
    IMAS,
    U2PL,
    AugSeg,
    ConsistencyLoss,
    FixMatch,
    MeanTeacher,
    PseudoLabel,
    SegKC,
    SSLMethod,
    UniMatch,
    UniMatchV2,
)
from .teachers import EMATeacher, SelfTeacher
from .tta import LabelSpaceTTAModel

__all__ = [
    'IMAS',
    'U2PL',
    'AdditiveUNet',
    'AugSeg',
    'CheckedPretrainedInit',
    'ConsistencyLoss',
    'DINOv2',
    'DeviceStrongViews',
    'EMATeacher',
    'EnsembleSegmentor',
    'EvalNet',
    'FixMatch',
    'FrozenTeacher',
    'InconsistencyMask',
    'LabelSpaceTTAModel',
    'MeanTeacher',
    'MultiViewDataPreProcessor',
    'ProbOHEMCrossEntropyLoss',
    'PseudoLabel',
    'SSLMethod',
    'SegKC',
    'SelfTeacher',
    'SemiCascadeSegmentor',
    'SemiMixin',
    'SemiSegmentor',
    'UniMatch',
    'UniMatchDPTHead',
    'UniMatchV2',
    'WeightedCrossEntropyLoss',
]
