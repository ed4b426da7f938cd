# SPDX-License-Identifier: Apache-2.0
from .inconsistency import InconsistencyHook
from .keep_best import KeepBestHook
from .seed import SeedHook
from .semi_visualization import SemiVisualizationHook

__all__ = ['InconsistencyHook', 'KeepBestHook', 'SeedHook', 'SemiVisualizationHook']
