# SPDX-License-Identifier: Apache-2.0
from .hooks import EpochSeedHook, InconsistencyHook, SemiVisualizationHook
from .optim import TrainableOptimWrapperConstructor
from .runner import TeacherStudentValLoop

__all__ = [
    'EpochSeedHook',
    'InconsistencyHook',
    'SemiVisualizationHook',
    'TeacherStudentValLoop',
    'TrainableOptimWrapperConstructor',
]
