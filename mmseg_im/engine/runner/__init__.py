# SPDX-License-Identifier: Apache-2.0
from .generational import GenerationalRunner
from .loops import TeacherStudentValLoop

__all__ = ['GenerationalRunner', 'TeacherStudentValLoop']
