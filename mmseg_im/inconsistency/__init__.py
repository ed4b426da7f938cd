# SPDX-License-Identifier: Apache-2.0
"""The Inconsistency Mask: votes of several teachers, and the pixels on which they disagree."""

from .mask import InconsistencyMask

__all__ = ['InconsistencyMask']
