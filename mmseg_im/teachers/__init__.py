# SPDX-License-Identifier: Apache-2.0
"""Teachers, the networks whose predictions become pseudo-labels, and their views."""

from .ema import EMATeacher
from .frozen import FrozenTeacher
from .self_teacher import SelfTeacher

__all__ = ['EMATeacher', 'FrozenTeacher', 'SelfTeacher']
