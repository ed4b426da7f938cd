# SPDX-License-Identifier: Apache-2.0
"""The quality network: its targets, its training, what is made of its predictions."""

import json

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_im.datasets.pseudo_label_files import QUALITY, QUALITY_ROW
from mmseg_im.evaluation.evalnet_metrics import LabelQualityWriter, draws_by_quality, mean_quality
from mmseg_im.files.row_file import RowFile
from mmseg_im.generations.evalnet_settings import quality_network
from mmseg_im.labels.spaces import Binary, MultiClass, MultiLabel
from mmseg_im.models.evalnet import label_quality
from tests.conftest import tiny_model

SPACES = dict(multiclass=MultiClass(4), binary=Binary(), multilabel=MultiLabel(3))


def pair(space, seed: int, size=(12, 15)):
    rng = np.random.default_rng(seed)
    shape = (2, space.num_maps, *size)
    label, truth = (rng.integers(0, space.num_labels - (seed == 1), shape) for _ in range(2))
    label = np.where(rng.random(shape) < 0.2, 255, label)
    return label, np.where(rng.random(shape) < 0.2, 255, truth)


@pytest.mark.parametrize('name', SPACES)
@pytest.mark.parametrize('seed', [0, 1])
def test_targets_against_numpy(name, seed):
    space = SPACES[name]
    label, truth = pair(space, seed)
    iou, counts, present = label_quality(space, torch.from_numpy(label), torch.from_numpy(truth))
    for i in range(2):
        for c in range(space.num_classes):
            value, plane = (1, c) if name == 'multilabel' else (c, 0)
            t, p = truth[i, plane], label[i, plane]
            known = t != 255
            intersection = ((t == value) & (p == value) & known).sum()
            union = (((t == value) | (p == value)) & known).sum()
            assert bool(counts[i, c]) == (union > 0)
            assert float(iou[i, c]) == pytest.approx(intersection / union if union else 0.0)
            pixels = (truth[i] != 255).any(axis=0).sum()
            assert bool(present[i, c]) == ((t == value).sum() > 0.001 * pixels)


@pytest.mark.parametrize('name', SPACES)
def test_everything_ignored(name):
    space = SPACES[name]
    nothing = torch.full((1, space.num_maps, 4, 4), 255)
    iou, counts, present = label_quality(space, nothing, nothing)
    assert not iou.any() and not counts.any() and not present.any()


def samples(label: np.ndarray, truth: np.ndarray) -> list[SegDataSample]:
    out = []
    for one, true in zip(label, truth, strict=True):
        sample = SegDataSample()
        sample.set_data(dict(candidate=PixelData(data=torch.from_numpy(one))))
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(true))
        out.append(sample)
    return out


@pytest.mark.parametrize('name', SPACES)
@pytest.mark.parametrize('size', [(96, 96), (65, 33), (1, 1)])
def test_any_size_and_task(name, size):
    space = SPACES[name]
    net = MODELS.build(
        dict(type='EvalNet', num_classes=space.num_classes, label_space=name, channels=2)
    )
    label, truth = pair(space, 0, size)
    image = torch.randn(2, 3, *size)
    losses = net(image, samples(label, truth), mode='loss')
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
    net.eval()
    found = net(image, samples(label, truth), mode='predict')
    for sample in found:
        assert sample.quality.shape == sample.presence.shape == (space.num_classes,)
        assert ((sample.quality >= 0) & (sample.quality <= 1)).all()


@pytest.mark.parametrize(('bands', 'values'), [(3, 3), (1, 1), (4, 4), (6, 1), (6, None)])
def test_images_of_any_channels(bands, values):
    """As the stages build it for a segmentor of such images."""
    model = tiny_model()
    constants = {} if values is None else dict(mean=[9.0] * values, std=[2.0] * values)
    model['data_preprocessor'] = dict(type='MultiViewDataPreProcessor', **constants)
    model['backbone']['in_channels'] = bands
    net = MODELS.build(quality_network(model, channels=2)).eval()
    image = torch.full((bands, 32, 40), 19.0)
    batch = net.data_preprocessor(dict(inputs=[image]))['inputs']
    assert (batch == (19 if values is None else 5)).all() and batch.shape == (1, *image.shape)
    [found] = net(batch, samples(*2 * [np.zeros((1, 1, 32, 40), int)]), mode='predict')
    assert found.quality.shape == (model['decode_head']['num_classes'],)


def test_a_batch_with_nothing_known_has_a_zero_iou_loss():
    net = MODELS.build(dict(type='EvalNet', num_classes=4, channels=2))
    nothing = np.full((2, 1, 64, 64), 255)
    losses = net(torch.randn(2, 3, 64, 64), samples(nothing, nothing), mode='loss')
    assert float(losses['loss_iou']) == 0
    assert torch.isfinite(losses['loss_presence'])


def test_it_learns_to_tell_good_labels_from_bad_ones():
    """Images show their label; its opposite is wrong."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = MODELS.build(dict(type='EvalNet', num_classes=2, channels=8))
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.005)

    def batch(n=16):
        truth = np.zeros((n, 1, 64, 64), int)
        for one in truth:
            x, y = rng.integers(8, 40, 2)
            one[0, y : y + 20, x : x + 20] = 1
        good = rng.random(n) < 0.5
        label = np.where(good[:, None, None, None], truth, 1 - truth)
        return torch.from_numpy(truth).float().expand(-1, 3, -1, -1), label, truth, good

    for _ in range(80):
        image, label, truth, _ = batch()
        optimiser.zero_grad()
        losses = net(image, samples(label, truth), mode='loss')
        sum(losses.values()).backward()
        optimiser.step()
    net.eval()
    image, label, truth, good = batch(64)
    with torch.no_grad():
        quality = np.array([float(s.quality[1]) for s in net(image, samples(label, truth))])
    assert quality[good].mean() > quality[~good].mean() + 0.3


def test_mean_quality_counts_present_classes():
    iou, presence = np.array([0.9, 0.5, 0.1]), np.array([0.9, 0.6, 0.4])
    assert mean_quality(iou, presence, []) == pytest.approx(0.7)
    assert mean_quality(iou, presence.copy(), [0]) == pytest.approx(0.5)
    assert mean_quality(iou, np.zeros(3), []) == 0.0


def test_draws_follow_the_paper():
    """1 up to MIN, 5 above MAX, min(5, 1 + int((m - MIN) / ((MAX - MIN) / 5))) between."""
    assert [draws_by_quality(m, 0.43, 0.51) for m in (0.0, 0.43)] == [1, 1]
    assert [draws_by_quality(m, 0.43, 0.51) for m in (0.445, 0.447, 0.465, 0.48, 0.5, 0.51)] == [
        1, 2, 3, 4, 5, 5
    ]  # fmt: skip
    assert draws_by_quality(0.52, 0.43, 0.51) == 5
    assert [draws_by_quality(m, 0.5, 0.5) for m in (0.5, 0.6)] == [1, 5]


def test_thresholds_are_quantiles_of_the_validation(tmp_path):
    validation = np.linspace(0, 1, 101)
    (tmp_path / 'validation.json').write_text(json.dumps(validation.tolist()))
    writer = LabelQualityWriter(
        str(tmp_path), 'images', str(tmp_path / 'validation.json'), quantiles=(0.2, 0.7),
        drop_quantile=0.1, min_class_iou=0.3, skip_classes=['background'],
    )  # fmt: skip
    writer.dataset_meta = dict(classes=('background', 'disc', 'square'))
    iou = dict(a=[0.1, 0.05, 0.05], b=[0.1, 0.2, 0.2], c=[0.9, 0.5, 0.2], d=[0.9, 0.9, 0.9])
    data = [
        dict(
            img_path=f'images/{n}.png',
            quality=torch.tensor(q),
            presence=torch.tensor([1.0, 1.0, 0.9]),
        )
        for n, q in iou.items()
    ]
    writer.process({}, data)
    metrics = writer.evaluate(4)
    rows = RowFile(tmp_path / QUALITY, {}, QUALITY_ROW, '')
    assert rows.head['thresholds'] == pytest.approx(dict(low=0.2, high=0.7, drop=0.1))
    assert {n: r['draws'] for n, r in rows.items()} == dict(a=0, b=1, c=2, d=5)
    assert rows['c']['ignored_classes'] == [2] and rows['d']['ignored_classes'] == []
    assert metrics['quality/dropped'] == 0.25


def test_unknown_label_space():
    with pytest.raises(ValueError, match="label_space='depth' is unknown"):
        MODELS.build(dict(type='EvalNet', num_classes=2, label_space='depth'))
