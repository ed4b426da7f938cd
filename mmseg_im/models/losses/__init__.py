# SPDX-License-Identifier: Apache-2.0
from .ohem import ProbOHEMCrossEntropyLoss
from .weighted_cross_entropy import WeightedCrossEntropyLoss

__all__ = ['ProbOHEMCrossEntropyLoss', 'WeightedCrossEntropyLoss']
