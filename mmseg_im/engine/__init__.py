# SPDX-License-Identifier: Apache-2.0
from .hooks import (
    CheckedWeightsHook,
    CompileHook,
    InconsistencyHook,
    KeepBestHook,
    SeedHook,
    SemiVisualizationHook,
    ValidationRecordHook,
)
from .optim import BFloat16OptimWrapper, TrainableOptimWrapperConstructor
from .runner import GenerationalRunner, ResumableRunner, TeacherStudentValLoop
from .visualizer import LabelSpaceVisualizer

__all__ = [
    'BFloat16OptimWrapper',
    'CheckedWeightsHook',
    'CompileHook',
    'GenerationalRunner',
    'InconsistencyHook',
    'KeepBestHook',
    'LabelSpaceVisualizer',
    'ResumableRunner',
    'SeedHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TrainableOptimWrapperConstructor',
    'ValidationRecordHook',
]
