# SPDX-License-Identifier: Apache-2.0
from .class_iou import ClassIoUMetric
from .multi_label_iou import MultiLabelIoUMetric
from .pseudo_label_quality import PseudoLabelQuality
from .pseudo_label_writer import PseudoLabelWriter

__all__ = ['ClassIoUMetric', 'MultiLabelIoUMetric', 'PseudoLabelQuality', 'PseudoLabelWriter']
