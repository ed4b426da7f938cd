# SPDX-License-Identifier: Apache-2.0
from .weighted_cross_entropy import WeightedCrossEntropyLoss

__all__ = ['WeightedCrossEntropyLoss']
