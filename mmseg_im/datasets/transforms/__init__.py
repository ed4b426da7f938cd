# SPDX-License-Identifier: Apache-2.0
from .formatting import PackSemiInputs
from .loading import (
    LoadBinaryAnnotations,
    LoadEmptyAnnotations,
    LoadHiddenAnnotations,
    LoadMultiLabelAnnotations,
)
from .mask_loading import FilterInconsistentPixels, LoadInconsistencyMask
from .multi_view import MultiView
from .noise import NoisyStudentDistortion
from .photometric import ColorJitter, GaussianBlur
from .random_operations import RandomOperations
from .resizing import PadToSize, ResizeToPatches

__all__ = [
    'ColorJitter',
    'FilterInconsistentPixels',
    'GaussianBlur',
    'LoadBinaryAnnotations',
    'LoadEmptyAnnotations',
    'LoadHiddenAnnotations',
    'LoadInconsistencyMask',
    'LoadMultiLabelAnnotations',
    'MultiView',
    'NoisyStudentDistortion',
    'PackSemiInputs',
    'PadToSize',
    'RandomOperations',
    'ResizeToPatches',
]
