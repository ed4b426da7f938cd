# SPDX-License-Identifier: Apache-2.0
from .boundary_iou import BoundaryIoUMetric
from .class_iou import ClassIoUMetric
from .evalnet_metrics import LabelQualityMetric, LabelQualityWriter
from .multi_label_iou import MultiLabelIoUMetric
from .per_image_iou import PerImageIoUMetric
from .pseudo_label_quality import PseudoLabelQuality
from .pseudo_label_writer import PseudoLabelWriter
from .shard_evaluator import ShardEvaluator

__all__ = [
    'BoundaryIoUMetric',
    'ClassIoUMetric',
    'LabelQualityMetric',
    'LabelQualityWriter',
    'MultiLabelIoUMetric',
    'PerImageIoUMetric',
    'PseudoLabelQuality',
    'PseudoLabelWriter',
    'ShardEvaluator',
]
