# SPDX-License-Identifier: Apache-2.0
from .class_iou import ClassIoUMetric
from .label_quality import LabelQualityMetric, LabelQualityWriter
from .multi_label_iou import MultiLabelIoUMetric
from .pseudo_label_quality import PseudoLabelQuality
from .pseudo_label_writer import PseudoLabelWriter

__all__ = [
    'ClassIoUMetric',
    'LabelQualityMetric',
    'LabelQualityWriter',
    'MultiLabelIoUMetric',
    'PseudoLabelQuality',
    'PseudoLabelWriter',
]
