# SPDX-License-Identifier: Apache-2.0
from .multi_label_iou import MultiLabelIoUMetric

__all__ = ['MultiLabelIoUMetric']
