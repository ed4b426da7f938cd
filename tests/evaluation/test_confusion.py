# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices and the worst images, against NumPy, in one process and in two."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric

from mmseg_im.errors import UserError
from mmseg_im.evaluation import ClassIoUMetric, MultiLabelIoUMetric
from mmseg_im.evaluation.confusion import channel_confusion, class_confusion, image_score
from mmseg_im.evaluation.worst_images import KEPT, PENDING, SIDE

pytestmark = pytest.mark.fast

CLASSES = ('a', 'b', 'c', 'd')


def pairs(count: int, maps: int, size=(9, 7)) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predictions and annotations (M, H, W), of which 255 is ignored, from good to bad."""
    rng = np.random.default_rng(0)
    found = []
    for i in range(count):
        values = range(3) if maps == 1 else range(2)
        label = rng.choice([*values, 255], (maps, *size))
        wrong = rng.random(label.shape) < (i + 1) / (count + 1)
        pred = np.where(wrong | (label == 255), rng.choice([*values], label.shape), label)
        found.append((pred, label))
    return found


def process(metric, images, first: int = 0, step: int = 1) -> None:
    """Evaluates the images of one process, each with a picture of its number."""
    metric.dataset_meta = dict(classes=CLASSES[: 4 if images[0][0].shape[0] == 1 else 2])
    for i in range(first, first + step * -(-len(images) // step), step):
        pred, label = (torch.as_tensor(one) for one in images[i % len(images)])
        picture = torch.full((3, *label.shape[1:]), i, dtype=torch.uint8)
        sample = dict(
            pred_sem_seg=dict(data=pred), gt_sem_seg=dict(data=label), img_path=f'{i:03}.png'
        )
        metric.process(dict(inputs=[picture]), [sample])


def score(pred, label, classes) -> float:
    """Mean IoU of the classes of one image, from the definition."""
    values = []
    for c in range(classes):
        p, t = (pred == c, label == c) if len(pred) == 1 else (pred[[c]] == 1, label[[c]] == 1)
        known = (label if len(label) == 1 else label[[c]]) != 255
        if ((p | t) & known).any():
            values.append((p & t & known).sum() / ((p | t) & known).sum())
    return float(np.mean(values))


def test_the_matrix_of_classes():
    pred, label = pairs(1, 1)[0]
    found = class_confusion(torch.as_tensor(pred), torch.as_tensor(label), 3).numpy()
    for t in range(3):
        for p in range(3):
            assert found[t, p] == ((label == t) & (pred == p)).sum()
    # what is no class of the data, in the annotation or in the prediction of a larger head
    found = class_confusion(torch.tensor([0, 5, 0, 1]), torch.tensor([9, 1, 0, 255]), 2)
    assert found.tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 1]]


def test_the_matrix_of_classes_that_overlap():
    pred, label = pairs(1, 2)[0]
    found = channel_confusion(torch.as_tensor(pred), torch.as_tensor(label)).numpy()
    for c in range(2):
        for t in range(2):
            for p in range(2):
                assert found[c, t, p] == ((label[c] == t) & (pred[c] == p)).sum()
    with pytest.raises(UserError, match="label_space='multilabel'"):
        channel_confusion(torch.as_tensor(pred[:1]), torch.as_tensor(label))


def test_an_image_without_anything_is_right():
    empty = torch.full((1, 4, 4), 255)
    assert image_score(class_confusion(empty, empty, 3)) == 1
    assert image_score(channel_confusion(0 * empty, 0 * empty)) == 1
    found, label = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 1, 1])
    assert image_score(class_confusion(found, label, 2)) == 1 / 3  # of the foreground
    assert image_score(class_confusion(0 * found, label, 2)) == 0
    assert image_score(class_confusion(0 * found, 0 * label, 2)) == 1  # rightly nothing
    assert image_score(class_confusion(found, label, 3)) == (1 / 3 + 1 / 3) / 2


def test_the_metrics_are_those_of_mmseg():
    images = pairs(5, 1)
    ours, theirs = (kind(iou_metrics=['mIoU', 'mDice']) for kind in (ClassIoUMetric, IoUMetric))
    process(ours, images)
    process(theirs, images)
    found, expected = ours.evaluate(5), theirs.evaluate(5)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=0.006), key


@pytest.mark.parametrize(('metric', 'maps'), [(ClassIoUMetric, 1), (MultiLabelIoUMetric, 2)])
def test_the_worst_images_are_kept(metric, maps):
    count = 2 * PENDING + 3
    images = pairs(count, maps)
    one = metric()
    process(one, images)
    one.evaluate(count)
    scores = [score(*pair, 4 if maps == 1 else 2) for pair in images]
    expected = np.argsort(scores, kind='stable')[:KEPT]
    assert [image.path for image in one.worst] == [f'{i:03}.png' for i in expected]
    for image, i in zip(one.worst, expected, strict=True):
        assert image.score == pytest.approx(scores[i])
        assert (image.image == i).all() and image.image.shape == (3, 9, 7)
        np.testing.assert_array_equal(image.prediction, images[i][0])
        np.testing.assert_array_equal(image.label, images[i][1])
    process(one, images[:1])  # another evaluation begins anew
    one.evaluate(1)
    assert [image.path for image in one.worst] == ['000.png']


def test_large_images_are_kept_small():
    metric = ClassIoUMetric()
    process(metric, pairs(2, 1, size=(40, 5 * SIDE + 1)))
    metric.evaluate(2)
    assert metric.worst[0].label.shape == metric.worst[0].prediction.shape == (1, 8, SIDE + 1)
    assert metric.worst[0].image.shape == (3, 8, SIDE + 1)


@pytest.mark.parametrize(('kind', 'maps'), [(ClassIoUMetric, 1), (MultiLabelIoUMetric, 2)])
def test_a_step_does_not_wait_for_the_device(kind, maps):
    """Tensors without values can be counted, but not read."""
    metric = kind()
    images = [torch.zeros(2, maps, 9, 7, dtype=torch.long, device='meta')] * (PENDING + 1)
    process(metric, images[:PENDING])
    with pytest.raises(Exception, match='meta'):  # the scores of several images are read together
        process(metric, images[:1])


def evaluate_a_part(rank: int, world: int, folder: str, kind, maps: int, count: int) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=world
    )
    metric = kind()
    process(metric, pairs(count, maps), rank, world)
    metrics = metric.evaluate(count)
    worst = [(image.path, image.score) for image in metric.worst]
    metrics = {key: float(value) for key, value in metrics.items()}  # not of NumPy
    torch.save((metrics, metric.confusion, worst), f'{folder}/{rank}')


@pytest.mark.parametrize(('kind', 'maps'), [(ClassIoUMetric, 1), (MultiLabelIoUMetric, 2)])
@pytest.mark.parametrize('count', [8, 9])  # with 9, the second process sees the first image again
def test_two_processes_count_like_one(kind, maps, count, tmp_path: Path):
    one = kind()
    process(one, pairs(count, maps))
    metrics = one.evaluate(count)
    context = multiprocessing.get_context('fork')
    jobs = [
        context.Process(target=evaluate_a_part, args=(r, 2, str(tmp_path), kind, maps, count))
        for r in range(2)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    for rank in range(2):
        found, matrix, worst = torch.load(tmp_path / f'{rank}', weights_only=True)
        assert found == pytest.approx(metrics, nan_ok=True)
        assert torch.equal(matrix, one.confusion)
        assert worst == [(image.path, pytest.approx(image.score)) for image in one.worst]
