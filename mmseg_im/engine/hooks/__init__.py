# SPDX-License-Identifier: Apache-2.0
from .epoch_seed import EpochSeedHook
from .inconsistency import InconsistencyHook
from .semi_visualization import SemiVisualizationHook

__all__ = ['EpochSeedHook', 'InconsistencyHook', 'SemiVisualizationHook']
