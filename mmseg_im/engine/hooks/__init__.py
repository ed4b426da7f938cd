# SPDX-License-Identifier: Apache-2.0
from .inconsistency import InconsistencyHook
from .seed import SeedHook
from .semi_visualization import SemiVisualizationHook

__all__ = ['InconsistencyHook', 'SeedHook', 'SemiVisualizationHook']
