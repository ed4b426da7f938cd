# SPDX-License-Identifier: Apache-2.0
from .hooks import InconsistencyHook, KeepBestHook, SeedHook, SemiVisualizationHook
from .optim import TrainableOptimWrapperConstructor
from .runner import GenerationalRunner, TeacherStudentValLoop

__all__ = [
    'GenerationalRunner',
    'InconsistencyHook',
    'KeepBestHook',
    'SeedHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TrainableOptimWrapperConstructor',
]
