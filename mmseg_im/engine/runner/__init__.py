# SPDX-License-Identifier: Apache-2.0
from .loops import TeacherStudentValLoop

__all__ = ['TeacherStudentValLoop']
