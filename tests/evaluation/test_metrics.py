# SPDX-License-Identifier: Apache-2.0
"""Metrics of all label spaces against NumPy, written from their definitions."""

import numpy as np
import pytest
import torch

from mmseg_im.errors import UserError
from mmseg_im.evaluation import (
    BoundaryIoUMetric,
    ClassIoUMetric,
    MultiLabelIoUMetric,
    PerImageIoUMetric,
)

pytestmark = pytest.mark.fast


def sample(pred, label):
    return dict(
        pred_sem_seg=dict(data=torch.as_tensor(pred)), gt_sem_seg=dict(data=torch.as_tensor(label))
    )


def evaluate(metric, samples, classes):
    metric.dataset_meta = dict(classes=classes)
    for one in samples:
        metric.process({}, [one])
    return metric.evaluate(len(samples))


@pytest.fixture
def images():
    """Predictions and annotations of four classes, of which d never occurs."""
    rng = np.random.default_rng(0)
    pairs = []
    for size in ((9, 7), (5, 12), (1, 1)):
        label = rng.choice([0, 1, 2, 255], (1, *size))
        pairs.append((rng.integers(0, 3, (1, *size)), label))
    return pairs


def counts(pred, label, c):
    known = label != 255
    p, t = (pred == c) & known, label == c
    return (p & t).sum(), p.sum(), t.sum()


def test_iou_dice_and_fscore_of_each_class(images):
    kinds = ['mIoU', 'mDice', 'mFscore']
    found = evaluate(ClassIoUMetric(iou_metrics=kinds), [sample(*p) for p in images], 'abcd')
    total = np.sum([[counts(*pair, c) for c in range(3)] for pair in images], axis=0)
    both, p, t = total.T
    expected = dict(IoU=both / (p + t - both), Dice=2 * both / (p + t), Fscore=2 * both / (p + t))
    for kind, values in expected.items():
        assert found[f'm{kind}'] == pytest.approx(100 * values.mean(), abs=0.01)
        for name, value in zip('abc', values, strict=True):
            assert found[f'{kind}/{name}'] == pytest.approx(100 * value, abs=0.01)
        assert np.isnan(found[f'{kind}/d'])


def test_a_class_that_is_predicted_and_nowhere_annotated():
    """Nothing is known of it; the mean is that of mmseg, which counts a 0."""
    pred, label = np.array([[0, 1, 2]]), np.array([[0, 1, 1]])
    found = evaluate(ClassIoUMetric(iou_metrics=['mIoU']), [sample(pred, label)], 'abc')
    assert np.isnan(found['IoU/c']) and (found['IoU/a'], found['IoU/b']) == (100, 50)
    assert found['mIoU'] == 50
    metric = ClassIoUMetric(iou_metrics=['mIoU'], nan_to_num=0)
    assert evaluate(metric, [sample(pred, label)], 'abcd')['IoU/d'] == 0


def test_overlapping_classes_have_the_same_metrics(tmp_path):
    rng = np.random.default_rng(1)
    pairs = [
        (rng.integers(0, 2, (3, *s)), rng.choice([0, 1, 255], (3, *s))) for s in ((6, 5), (4, 9))
    ]
    kinds = ['mIoU', 'mDice', 'mFscore']
    found = evaluate(MultiLabelIoUMetric(iou_metrics=kinds), [sample(*p) for p in pairs], 'abc')
    for c, name in enumerate('abc'):
        both, p, t = np.sum([counts(pred[c], label[c], 1) for pred, label in pairs], axis=0)
        assert found[f'IoU/{name}'] == pytest.approx(100 * both / (p + t - both), abs=0.01)
        assert found[f'Dice/{name}'] == pytest.approx(200 * both / (p + t), abs=0.01)
    assert 'aAcc' not in found
    writer = MultiLabelIoUMetric(output_dir=str(tmp_path), format_only=True, img_dir='x')
    images = [dict(sample(*pairs[0]), img_path=f'x/{name}.png') for name in ('image', 'y/image')]
    evaluate(writer, images, 'abc')
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob('*.png')) == [
        'a/image.png', 'a/y/image.png', 'b/image.png', 'b/y/image.png', 'c/image.png',
        'c/y/image.png',
    ]  # fmt: skip


def near_contour(mask, distance):
    """Pixels of a mask from which something else, or the outside, is at most so far away."""
    height, width = mask.shape
    out = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            for dy in range(-distance, distance + 1):
                for dx in range(-distance, distance + 1):
                    a, b = y + dy, x + dx
                    inside = 0 <= a < height and 0 <= b < width
                    out[y, x] |= mask[y, x] and not (inside and mask[a, b])
    return out


@pytest.mark.parametrize('ratio', [0.02, 0.2])
def test_boundary_iou(images, ratio):
    found = evaluate(BoundaryIoUMetric(ratio), [sample(*p) for p in images], 'abcd')
    total = np.zeros((4, 2))
    for pred, label in images:
        distance = max(1, round(ratio * np.hypot(*label.shape[1:])))
        known = label[0] != 255
        for c in range(4):
            p = near_contour((pred[0] == c) & known, distance)
            t = near_contour(label[0] == c, distance)
            total[c] += (p & t).sum(), (p | t).sum()
    for name, (inter, union) in zip('abc', total, strict=False):
        assert found[f'BoundaryIoU/{name}'] == pytest.approx(100 * inter / union, abs=0.01)
    assert np.isnan(found['BoundaryIoU/d'])
    values = [i / u for i, u in total[:3]]
    assert found['mBoundaryIoU'] == pytest.approx(100 * np.mean(values), abs=0.01)


def test_boundary_of_a_large_square_is_its_rim():
    label = np.zeros((1, 40, 40), int)
    label[0, 10:30, 10:30] = 1
    shifted = np.roll(label, 2, axis=2)
    found = evaluate(BoundaryIoUMetric(0.02), [sample(shifted, label)], 'ab')
    plain = evaluate(ClassIoUMetric(), [sample(shifted, label)], 'ab')
    # rims of 76 pixels, which share the 18 upper and the 18 lower pixels of 18 columns
    assert found['BoundaryIoU/b'] == pytest.approx(100 * 36 / (2 * 76 - 36), abs=0.01)
    assert plain['IoU/b'] > 80
    assert evaluate(BoundaryIoUMetric(), [sample(label, label)], 'ab')['mBoundaryIoU'] == 100
    with pytest.raises(UserError, match='distance_ratio=2'):
        BoundaryIoUMetric(2)


def test_the_metric_of_the_original_study(images):
    found = evaluate(PerImageIoUMetric(), [sample(*p) for p in images], 'abcd')
    means = []
    for pred, label in images:  # void is one more class, 4, as their ids were shifted
        shifted = np.where(label == 255, 4, label)
        values = []
        for c in np.unique(shifted):
            p, t = pred == c, shifted == c
            values.append((p & t).sum() / ((p | t).sum() + 1e-7))
        means.append(round(float(np.mean(values)), 4))
    assert found['per_image_mIoU'] == pytest.approx(100 * np.mean(means), abs=0.01)


def test_the_metric_of_the_original_study_without_void(images):
    found = evaluate(PerImageIoUMetric(with_void=False), [sample(*p) for p in images], 'abcd')
    means = []
    for pred, label in images:
        values = []
        for c in range(4):
            both, p, t = counts(pred, label, c)
            if t:
                values.append(both / (p + t - both + 1e-7))
        if values:
            means.append(np.mean(values))
    assert found['per_image_mIoU'] == pytest.approx(100 * np.mean(means), abs=0.02)


def test_foreground_and_overlapping_classes_of_the_original_metric():
    label, pred = np.zeros((2, 1, 4, 4), int)
    label[0, 1], pred[0, 1:3] = 1, 1
    empty = np.zeros((1, 4, 4), int)
    found = evaluate(PerImageIoUMetric(['b']), [sample(pred, label), sample(empty, empty)], 'ab')
    assert found['per_image_mIoU'] == 25.0  # one half, and 0 for the empty image
    maps = np.concatenate([label, empty])
    found = evaluate(PerImageIoUMetric(), [sample(maps, maps)], 'ab')
    assert found['per_image_mIoU'] == 50.0
    found = evaluate(PerImageIoUMetric(['a']), [sample(maps, maps)], 'ab')
    assert found['per_image_mIoU'] == 100.0
    with pytest.raises(UserError, match="no class 'c'"):
        evaluate(PerImageIoUMetric(['c']), [sample(maps, maps)], 'ab')
