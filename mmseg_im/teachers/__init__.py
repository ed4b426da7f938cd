# SPDX-License-Identifier: Apache-2.0
"""Teachers, the networks whose predictions become pseudo-labels, and their views."""

from .base import EMATeacher, SelfTeacher
from .frozen import FrozenTeacher

__all__ = ['EMATeacher', 'FrozenTeacher', 'SelfTeacher']
