# SPDX-License-Identifier: Apache-2.0
"""Test-time augmentation in every label space against NumPy."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_im.models.tta import LabelSpaceTTAModel

pytestmark = pytest.mark.fast

TASKS = [
    dict(label_space='multiclass', num_classes=4),
    dict(label_space='binary', num_classes=2, out_channels=1, threshold=0.5),
    dict(label_space='multilabel', num_classes=3, out_channels=3),
]


@pytest.mark.parametrize('task', TASKS, ids=lambda t: t['label_space'])
def test_views_are_averaged_as_probabilities(build_tiny, task):
    model = build_tiny(**task)
    channels = task.get('out_channels', 4)
    logits = torch.randn(3, channels, 5, 6)
    views = []
    for one in logits:  # as the segmentor hands them on after each view
        sample = model.postprocess_result(one[None], [_sample((5, 6))])[0]
        views.append(sample)
    merged = LabelSpaceTTAModel(module=model).merge_preds([views])[0]
    x = logits.double().numpy()
    if channels == 4:
        e = np.exp(x - x.max(1, keepdims=True))
        mean = (e / e.sum(1, keepdims=True)).mean(0)
        expected = mean.argmax(0)[None]
    else:
        mean = (1 / (1 + np.exp(-x))).mean(0)
        expected = (mean > 0.5).astype(int)
    np.testing.assert_allclose(merged.seg_logits.data.numpy(), mean, rtol=1e-5)
    np.testing.assert_array_equal(merged.pred_sem_seg.data.numpy(), expected)
    assert merged.gt_sem_seg.data.shape == (1, 5, 6)


def test_a_stock_network_is_left_to_mmseg(build_tiny):
    model = build_tiny()
    del model.label_space
    logits = torch.randn(2, 4, 5, 6)
    views = [SegDataSample(metainfo=dict(img_path='a')) for _ in logits]
    for view, one in zip(views, logits, strict=True):
        view.seg_logits = PixelData(data=one)
    merged = LabelSpaceTTAModel(module=model).merge_preds([views])[0]
    assert torch.equal(merged.pred_sem_seg.data[0], logits.softmax(1).mean(0).argmax(0))


def _sample(size) -> SegDataSample:
    sample = SegDataSample(
        metainfo=dict(ori_shape=size, img_shape=size, img_path='a.png', padding_size=[0] * 4)
    )
    sample.gt_sem_seg = PixelData(data=torch.zeros(1, *size, dtype=torch.long))
    return sample
