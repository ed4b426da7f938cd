# SPDX-License-Identifier: Apache-2.0
from .compile import CompileHook
from .finite import FiniteHook
from .inconsistency import InconsistencyHook
from .keep_best import KeepBestHook
from .seed import SeedHook
from .semi_visualization import SemiVisualizationHook

__all__ = [
    'CompileHook',
    'FiniteHook',
    'InconsistencyHook',
    'KeepBestHook',
    'SeedHook',
    'SemiVisualizationHook',
]
