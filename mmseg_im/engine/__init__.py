# SPDX-License-Identifier: Apache-2.0
from .hooks import InconsistencyHook, SeedHook, SemiVisualizationHook
from .optim import TrainableOptimWrapperConstructor
from .runner import TeacherStudentValLoop

__all__ = [
    'InconsistencyHook',
    'SeedHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TrainableOptimWrapperConstructor',
]
