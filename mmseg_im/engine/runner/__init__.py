# SPDX-License-Identifier: Apache-2.0
from .checked_loops import TestLoop, ValLoop
from .generational import GenerationalRunner
from .loops import TeacherStudentValLoop

__all__ = ['GenerationalRunner', 'TeacherStudentValLoop', 'TestLoop', 'ValLoop']
