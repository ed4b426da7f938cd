# SPDX-License-Identifier: Apache-2.0
from .augseg import AugSeg
from .base import SSLMethod
from .consistency import ConsistencyLoss
from .cps import CPS
from .fixmatch import FixMatch
from .imas import IMAS
from .mean_teacher import MeanTeacher
from .pseudo_label import PseudoLabel, Target
from .segkc import SegKC
from .u2pl import U2PL
from .unimatch import UniMatch
from .unimatch_v2 import UniMatchV2

__all__ = [
    'CPS',
    'IMAS',
    'U2PL',
    'AugSeg',
    'ConsistencyLoss',
    'FixMatch',
    'MeanTeacher',
    'PseudoLabel',
    'SSLMethod',
    'SegKC',
    'Target',
    'UniMatch',
    'UniMatchV2',
]
