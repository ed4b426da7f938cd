# SPDX-License-Identifier: Apache-2.0
from .hooks import (
    CompileHook,
    FiniteHook,
    InconsistencyHook,
    KeepBestHook,
    SeedHook,
    SemiVisualizationHook,
)
from .optim import BFloat16OptimWrapper, TrainableOptimWrapperConstructor
from .runner import GenerationalRunner, TeacherStudentValLoop
from .vis_backend import LocalVisBackend
from .visualizer import LabelSpaceVisualizer

__all__ = [
    'BFloat16OptimWrapper',
    'CompileHook',
    'FiniteHook',
    'GenerationalRunner',
    'InconsistencyHook',
    'KeepBestHook',
    'LabelSpaceVisualizer',
    'LocalVisBackend',
    'SeedHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TrainableOptimWrapperConstructor',
]
