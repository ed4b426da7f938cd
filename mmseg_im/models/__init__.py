# SPDX-License-Identifier: Apache-2.0
from ..inconsistency import InconsistencyMask
from .data_preprocessor import MultiViewDataPreProcessor
from .evalnet import EvalNet
from .frozen_teacher import FrozenTeacher
from .losses import WeightedCrossEntropyLoss
from .segmentors import EnsembleSegmentor, SemiCascadeSegmentor, SemiMixin, SemiSegmentor
from .ssl import ConsistencyLoss, FixMatch, PseudoLabel, SSLMethod
from .teachers import EMATeacher, SelfTeacher

__all__ = [
    'ConsistencyLoss',
    'EMATeacher',
    'EnsembleSegmentor',
    'EvalNet',
    'FixMatch',
    'FrozenTeacher',
    'InconsistencyMask',
    'MultiViewDataPreProcessor',
    'PseudoLabel',
    'SSLMethod',
    'SelfTeacher',
    'SemiCascadeSegmentor',
    'SemiMixin',
    'SemiSegmentor',
    'WeightedCrossEntropyLoss',
]
