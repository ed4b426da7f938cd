# SPDX-License-Identifier: Apache-2.0
from .formatting import PackSemiInputs
from .loading import LoadEmptyAnnotations, LoadHiddenAnnotations, LoadMultiLabelAnnotations
from .multi_view import MultiView
from .photometric import ColorJitter, GaussianBlur

__all__ = [
    'ColorJitter',
    'GaussianBlur',
    'LoadEmptyAnnotations',
    'LoadHiddenAnnotations',
    'LoadMultiLabelAnnotations',
    'MultiView',
    'PackSemiInputs',
]
