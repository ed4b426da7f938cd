# SPDX-License-Identifier: Apache-2.0
from .checked_loops import TestLoop, ValLoop
from .generational import GenerationalRunner
from .loops import TeacherStudentValLoop
from .resumable import ResumableRunner

__all__ = [
    'GenerationalRunner',
    'ResumableRunner',
    'TeacherStudentValLoop',
    'TestLoop',
    'ValLoop',
]
