# SPDX-License-Identifier: Apache-2.0
from .base import PseudoLabel, SSLMethod, pseudo_label_loss
from .consistency import ConsistencyLoss
from .fixmatch import FixMatch

__all__ = ['ConsistencyLoss', 'FixMatch', 'PseudoLabel', 'SSLMethod', 'pseudo_label_loss']
