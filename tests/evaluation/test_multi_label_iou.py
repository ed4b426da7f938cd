# SPDX-License-Identifier: Apache-2.0
"""IoU of overlapping classes against NumPy."""

import numpy as np
import pytest
import torch

from mmseg_im.evaluation.confusion import channel_confusion
from mmseg_im.evaluation.multi_label_iou import MultiLabelIoUMetric

pytestmark = pytest.mark.fast


def metric(classes):
    metric = MultiLabelIoUMetric()
    metric.dataset_meta = dict(classes=classes)
    return metric


def sample(pred, label):
    return dict(pred_sem_seg=dict(data=pred), gt_sem_seg=dict(data=label))


def test_counts_and_mean_are_the_definition():
    preds = [torch.randint(2, (3, 6, 7)) for _ in range(4)]
    labels = [torch.randint(2, (3, 6, 7)) for _ in range(4)]
    for label in labels:
        label[torch.rand(label.shape) < 0.2] = 255
    m = metric(('a', 'b', 'c'))
    for p, t in zip(preds, labels, strict=True):
        m.process({}, [sample(p, t)])
    p, t = np.stack(preds), np.stack(labels)
    known = t != 255
    inter = ((p == 1) & (t == 1) & known).sum((0, 2, 3))
    union = (((p == 1) | (t == 1)) & known).sum((0, 2, 3))
    assert m.evaluate(4)['mIoU'] == pytest.approx((100 * inter / union).mean(), abs=0.01)


def test_perfect_and_absent_classes():
    label = torch.zeros(2, 4, 4, dtype=torch.long)
    label[0, :2] = 1
    m = metric(('there', 'absent'))
    m.process({}, [sample(label.clone(), label)])
    assert m.evaluate(1)['mIoU'] == 100.0  # a class that nobody has does not count


def test_ignored_pixels_do_not_count():
    label = torch.full((1, 3, 3), 255)
    assert not channel_confusion(torch.ones(1, 3, 3), label).any()
