# SPDX-License-Identifier: Apache-2.0
from .checked_weights import CheckedWeightsHook
from .compile import CompileHook
from .finite import FiniteHook
from .keep_best import KeepBestHook
from .mask_statistics import InconsistencyHook
from .report_hook import ReportHook
from .seed import SeedHook
from .semi_visualization import SemiVisualizationHook
from .unfound_classes import UnfoundClassesHook
from .validation_record import ValidationRecordHook

__all__ = [
    'CheckedWeightsHook',
    'CompileHook',
    'FiniteHook',
    'InconsistencyHook',
    'KeepBestHook',
    'ReportHook',
    'SeedHook',
    'SemiVisualizationHook',
    'UnfoundClassesHook',
    'ValidationRecordHook',
]
