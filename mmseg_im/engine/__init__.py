# SPDX-License-Identifier: Apache-2.0
from .checked_loops import TestLoop, ValLoop
from .checked_training import EpochBasedTrainLoop, IterBasedTrainLoop
from .hooks import (
    CheckedWeightsHook,
    CompileHook,
    FiniteHook,
    InconsistencyHook,
    KeepBestHook,
    ReportHook,
    SeedHook,
    SemiVisualizationHook,
    UnfoundClassesHook,
    ValidationRecordHook,
)
from .loops import TeacherStudentValLoop
from .optim import BFloat16OptimWrapper, TrainableOptimWrapperConstructor
from .resumable import ResumableRunner
from .vis_backend import LocalVisBackend, TensorboardVisBackend
from .visualizer import LabelSpaceVisualizer

__all__ = [
    'BFloat16OptimWrapper',
    'CheckedWeightsHook',
    'CompileHook',
    'EpochBasedTrainLoop',
    'FiniteHook',
    'InconsistencyHook',
    'IterBasedTrainLoop',
    'KeepBestHook',
    'LabelSpaceVisualizer',
    'LocalVisBackend',
    'ReportHook',
    'ResumableRunner',
    'SeedHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TensorboardVisBackend',
    'TestLoop',
    'TrainableOptimWrapperConstructor',
    'UnfoundClassesHook',
    'ValLoop',
    'ValidationRecordHook',
]
