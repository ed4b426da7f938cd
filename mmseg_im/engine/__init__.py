# SPDX-License-Identifier: Apache-2.0
from .hooks import (
    CheckedWeightsHook,
    CompileHook,
    FiniteHook,
    InconsistencyHook,
    KeepBestHook,
    SeedHook,
    SemiVisualizationHook,
    ValidationRecordHook,
)
from .optim import BFloat16OptimWrapper, TrainableOptimWrapperConstructor
from .runner import GenerationalRunner, ResumableRunner, TeacherStudentValLoop
from .vis_backend import LocalVisBackend
from .visualizer import LabelSpaceVisualizer

__all__ = [
    'BFloat16OptimWrapper',
    'CheckedWeightsHook',
    'CompileHook',
    'FiniteHook',
    'GenerationalRunner',
    'InconsistencyHook',
    'KeepBestHook',
    'LabelSpaceVisualizer',
    'LocalVisBackend',
    'ResumableRunner',
    'SeedHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TrainableOptimWrapperConstructor',
    'ValidationRecordHook',
]
