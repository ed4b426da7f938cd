# SPDX-License-Identifier: Apache-2.0
from .base import PseudoLabel, SSLMethod, pseudo_label_loss
from .fixmatch import FixMatch

__all__ = ['FixMatch', 'PseudoLabel', 'SSLMethod', 'pseudo_label_loss']
