# SPDX-License-Identifier: Apache-2.0
"""UniMatch V1 and V2 against NumPy in float64, from the formulas of the papers."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.methods import unimatch as unimatch_module
from mmseg_im.methods import unimatch_v2 as v2_module
from mmseg_im.methods.unimatch_v2 import complementary_dropout
from tests.methods.test_methods import make_batch, make_decisive

pytestmark = pytest.mark.fast


def softmax(logits):
    x = logits.detach().double().numpy()
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def mean_loss(logits, label, conf, pad, tau):
    """sum over non-padding pixels of [c >= tau] CE, over their number; plain loops."""
    p = softmax(logits)
    above, below = 0.0, 0
    for n, i, j in np.ndindex(*label.shape):
        if pad[n, i, j]:
            continue
        below += 1
        if conf[n, i, j] >= tau:
            above -= np.log(p[n, label[n, i, j], i, j])
    return above / below


def labels_of(logits):
    p = softmax(logits)
    return p.argmax(1), p.max(1)


def mixed(x, other, inside):
    return np.where(inside[:, 0].numpy(), other, x)


@pytest.fixture
def fixed_boxes(monkeypatch):
    """Boxes of three images that the test knows."""
    drawn = [torch.rand(3, 1, 32, 32) < 0.4 for _ in range(2)]
    for module in (unimatch_module, v2_module):
        queue = list(drawn)
        monkeypatch.setattr(module, 'sample_box_mask', lambda *a, q=queue: q.pop(0))
    return drawn


def test_unimatch_with_the_batch_as_partner(build_tiny, fixed_boxes, monkeypatch):
    """Labels from the train-mode pass over labeled and weak images, beside dropped copies."""
    tau = 0.7
    model = build_tiny(dict(type='UniMatch', threshold=tau))
    model.train()
    make_decisive(model)
    views, of_view = make_batch(n=3)
    twin = copy.deepcopy(model)
    drop = {4: torch.randint(2, (6, 4, 1, 1)) * 2.0, 8: torch.randint(2, (6, 8, 1, 1)) * 2.0}
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, 'dropout2d', lambda x, p: x * drop[x.shape[1]])
        losses = model.loss(views, of_view)

    with torch.no_grad():
        features = twin.extract_feat(torch.cat([views['sup'], views['weak']]))
        pairs = [torch.cat([x, x * drop[x.shape[1]]]) for x in features]
        logits = twin.decode(pairs, (32, 32))
        label, conf = labels_of(logits[3:6])
        images = []
        for k, inside in enumerate(fixed_boxes):
            strong = views[f'strong{k + 1}']
            images.append(torch.where(inside, strong[[2, 0, 1]], strong))
        strong_logits = twin.logits(torch.cat(images)).chunk(2)
    pad = np.zeros((3, 32, 32), bool)
    pad[:, -3:] = True
    assert 0.05 < (conf >= tau).mean() < 0.95
    for k, inside in enumerate(fixed_boxes):
        args = (mixed(x, x[[2, 0, 1]], inside) for x in (label, conf, pad))
        expected = mean_loss(strong_logits[k], *args, tau) / 4 / 2
        assert losses[f'unsup.loss_strong{k + 1}'].item() == pytest.approx(expected, rel=1e-3)
    expected = mean_loss(logits[9:], label, conf, pad, tau) / 2 / 2
    assert losses['unsup.loss_features'].item() == pytest.approx(expected, rel=1e-3)
    target = torch.stack([s.gt_sem_seg.data for s in of_view['sup']])[:, 0].numpy()
    never = np.zeros_like(pad)
    expected = mean_loss(logits[:3], target, np.ones_like(conf), never, 0) / 2
    assert losses['decode.loss_ce'].item() == pytest.approx(expected, rel=1e-3)


def test_unimatch_with_the_same_image_as_partner(build_tiny, fixed_boxes):
    """The pasted region's label is the student's in eval mode, of the other crop."""
    model = build_tiny(dict(type='UniMatch', threshold=0.0, dropout=0.0, partner='image'))
    model.train()
    make_decisive(model)
    views, of_view = make_batch(n=3)
    twin = copy.deepcopy(model)
    losses = model.loss(views, of_view)
    with torch.no_grad():
        other, _ = labels_of(twin.eval().logits(views['mix_weak']))
        twin.train()
        label, conf = labels_of(twin.logits(torch.cat([views['sup'], views['weak']]))[3:])
        images = [
            torch.where(inside, views[f'mix_strong{k}'], views[f'strong{k}'])
            for k, inside in enumerate(fixed_boxes, 1)
        ]
        strong_logits = twin.logits(torch.cat(images)).chunk(2)
    pad = np.zeros((3, 32, 32), bool)
    pad[:, -3:] = True
    for k, inside in enumerate(fixed_boxes):
        expected = mean_loss(strong_logits[k], mixed(label, other, inside), conf, pad, 0) / 8
        assert losses[f'unsup.loss_strong{k + 1}'].item() == pytest.approx(expected, rel=1e-3)


def test_dropped_channels(build_tiny):
    """Whole channels of each image are 0 or doubled, and the plain copy is untouched."""
    model = build_tiny(dict(type='UniMatch', dropout=0.5))
    model.train()
    seen = []
    forward = model.decode_head.forward
    model.decode_head.forward = lambda x: seen.append(x) or forward(x)
    views, of_view = make_batch()
    model.loss(views, of_view)
    maps = seen[0][1]
    assert len(maps) == 8  # two labeled, two weak, and their copies
    plain, dropped = maps.chunk(2)
    ratio = torch.where(plain.abs() > 1e-6, dropped / plain, torch.nan)
    flat = ratio.flatten(2)
    for n, c in np.ndindex(*flat.shape[:2]):
        values = flat[n, c][~flat[n, c].isnan()]
        assert len(values) == 0 or (values - values[0]).abs().max() < 1e-4
        assert len(values) == 0 or min(abs(values[0]), abs(values[0] - 2)) < 1e-4


def test_half_of_the_channels_are_dropped_by_default(build_tiny):
    (out,) = build_tiny(dict(type='UniMatch')).semi._drop([torch.ones(64, 64, 2, 2)])
    flat = out.flatten(2)
    assert (flat == flat[:, :, :1]).all() and set(flat.unique().tolist()) == {0.0, 2.0}
    assert (flat == 0).float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_unimatch_v2(build_tiny, fixed_boxes, monkeypatch):
    """Three images, so that the reversed batch is no shifted one; the dropout is known."""
    tau = 0.7
    scale = {c: 2.0 * torch.randint(2, (6, c, 1, 1)) for c in (4, 8)}
    keeps = []

    def drop(features, keep):
        keeps.append(keep)
        return tuple(x * scale[x.shape[1]] for x in features)

    monkeypatch.setattr(v2_module, 'complementary_dropout', drop)
    semi = dict(type='UniMatchV2', teachers=[dict(type='EMATeacher')], threshold=tau, keep=0.25)
    model = build_tiny(semi)
    model.train()
    make_decisive(model)
    views, of_view = make_batch(n=3)
    twin = copy.deepcopy(model)
    losses = model.loss(views, of_view)
    with torch.no_grad():
        teacher = copy.deepcopy(twin).eval()  # the first update copies the student
        label, conf = labels_of(teacher.logits(views['weak']))
        images = [
            torch.where(inside, views[f'strong{k}'].flip(0), views[f'strong{k}'])
            for k, inside in enumerate(fixed_boxes, 1)
        ]
        alone = twin.logits(views['sup'])
        features = drop(twin.extract_feat(torch.cat(images)), 0.25)
        strong_logits = twin.decode(features, (32, 32)).chunk(2)
    assert keeps == [0.25, 0.25]
    pad = np.zeros((3, 32, 32), bool)
    pad[:, -3:] = True
    for k, inside in enumerate(fixed_boxes):
        args = (mixed(x, x[::-1], inside) for x in (label, conf, pad))
        expected = mean_loss(strong_logits[k], *args, tau) / 2 / 2
        assert losses[f'unsup.loss_strong{k + 1}'].item() == pytest.approx(expected, rel=1e-3)
    target = torch.stack([s.gt_sem_seg.data for s in of_view['sup']])[:, 0].numpy()
    expected = mean_loss(alone, target, np.ones_like(conf), np.zeros_like(pad), 0) / 2
    assert losses['decode.loss_ce'].item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize('pairs', [1, 2, 5])
def test_complementary_dropout(pairs):
    ones = [torch.ones(2 * pairs, 64, 3, 4), torch.ones(2 * pairs, 64, 1, 1)]
    ones.append(torch.ones(2 * pairs, 8, 2, 2))
    out = complementary_dropout(ones, keep=0.5)
    for before, after in zip(ones, out, strict=True):
        first, second = after.chunk(2)
        assert after.shape == before.shape and (first + second == 2).all()
        assert (after == after[..., :1, :1]).all()
    kept = (out[0] == 1).all(dim=(1, 2, 3))[:pairs]
    assert kept.sum() == pairs // 2
    assert torch.equal(out[0][:, :, 0, 0], out[1][:, :, 0, 0])  # one mask for all maps
    dropped = out[0][:pairs, :, 0, 0][~kept]
    assert (
        set(dropped.unique().tolist()) == {0.0, 2.0} and 0.2 < (dropped == 0).float().mean() < 0.8
    )


@pytest.mark.parametrize('semi', [
    dict(type='UniMatch'), dict(type='UniMatchV2', teachers=[dict(type='EMATeacher')])
])  # fmt: skip
def test_a_cascade_is_refused(build_tiny, semi):
    student = build_tiny()
    student.decode_head = torch.nn.ModuleList([student.decode_head])
    method = build_tiny(semi).semi
    with pytest.raises(ValueError, match='a cascade of decode heads does not allow'):
        method.bind(student)


def test_an_unknown_partner(build_tiny):
    with pytest.raises(ValueError, match="partner='video' must be 'batch' or 'image'"):
        build_tiny(dict(type='UniMatch', partner='video'))


def test_with_the_same_image_a_mask_needs_two_teachers(build_tiny):
    with pytest.raises(ValueError, match='one voter always agrees with itself'):
        build_tiny(dict(type='UniMatch', partner='image', im=dict(type='InconsistencyMask')))
