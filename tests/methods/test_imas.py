# SPDX-License-Identifier: Apache-2.0
"""iMAS against NumPy in float64: easiness, loss, pairing and boxes of CutMix, a whole step."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.labels.spaces import MultiClass
from mmseg_im.methods import imas as module
from mmseg_im.methods.imas import IMAS, easiness, instance_loss
from tests.methods.test_methods import TEACHER, make_batch, make_decisive
from tests.methods.test_pseudo_labels_online import make_pseudo
from tests.methods.test_unimatch import softmax

pytestmark = pytest.mark.fast


def numpy_weighted_iou(a, b, classes, ignore):
    above = below = 0.0
    for k in range(classes):
        union = ((a == k) | (b == k)).sum()
        count = 0 if k == ignore else (b == k).sum()
        if union:
            above += count * ((a == k) & (b == k)).sum() / union
        below += count
    return above / below if below else 0.0


@pytest.mark.parametrize('ignore', [None, 0])
@pytest.mark.parametrize('threshold', [0.0, 0.5, 1.0])
def test_easiness(ignore, threshold):
    space = MultiClass(4)
    torch.manual_seed(0)
    probs = [(3 * torch.randn(3, 4, 6, 5)).softmax(1) for _ in range(2)]
    probs[1] = 0.6 * probs[0] + 0.4 * probs[1]
    for prob in probs:
        prob[2] = torch.tensor([0.9, 0.04, 0.03, 0.03]).view(4, 1, 1)  # both see class 0 alone
    valid = torch.ones(3, 1, 6, 5, dtype=torch.bool)
    valid[:, :, 4:] = False
    found = easiness(space, *probs, valid, threshold, ignore)
    for n in range(3):
        s, t = (p[n].double().numpy()[:, :4].reshape(4, -1) for p in probs)
        r_s, r_t = ((p.max(0) >= threshold).mean() for p in (s, t))
        s, t = s.argmax(0), t.argmax(0)
        expected = (
            numpy_weighted_iou(s, t, 4, ignore) * r_t + numpy_weighted_iou(t, s, 4, ignore) * r_s
        ) / 2
        assert found[n].item() == pytest.approx(expected, abs=1e-5)
    if ignore == 0:
        assert found[2] == 0


def test_loss():
    pseudo = make_pseudo(n=3, size=(4, 5))
    logits, gamma = torch.randn(3, 4, 4, 5), torch.tensor([0.2, 0.0, 0.9])
    x = logits.double().numpy()
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    expected = 0.0
    for n in range(3):
        total, known = 0.0, 0
        for i, j in np.ndindex(4, 5):
            if not pseudo.valid[n, 0, i, j]:
                continue
            known += 1
            label = int(pseudo.label[n, 0, i, j])
            if label != 255:
                total -= float(pseudo.weight[n, 0, i, j]) * np.log(p[n, label, i, j])
        expected += float(gamma[n]) * total / max(known, 1) / 3
    found = instance_loss(MultiClass(4), logits, pseudo, gamma)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_the_hardest_image_gets_from_the_easiest(monkeypatch):
    method = IMAS([dict(type='EMATeacher')])
    monkeypatch.setattr(module, 'box_mask', lambda *args: torch.ones(5, 1, 2, 2, dtype=torch.bool))
    image = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 3, 2, 2)
    pseudo = make_pseudo(n=5, size=(2, 2))
    gamma = torch.tensor([0.5, 0.9, 0.1, 0.7, 0.2])  # ranks: 2 4 0 3 1
    mixed, target = method.cutmix(image, pseudo, gamma)
    # k-th smallest receives from the k-th largest; the middle one from itself
    expected = [0, 2, 1, 4, 3]
    assert mixed[:, 0, 0, 0].tolist() == expected
    assert torch.equal(target.label, pseudo.label[expected])


def test_an_ignored_class_that_does_not_exist(build_tiny):
    with pytest.raises(ValueError, match='ignore_class=4 is none of the 4 classes'):
        build_tiny(dict(type='IMAS', teachers=[dict(type='EMATeacher')], ignore_class=4))


@pytest.mark.parametrize('draw', [0.0, 0.5, 1.0])
def test_boxes(monkeypatch, draw):
    """Centres from S // 16 on, sides of 0.1 + 0.8 u, cut off at the border."""
    n, size = 600, 32
    method, pseudo = IMAS([dict(type='EMATeacher')]), make_pseudo(n=n, size=(size, size))
    monkeypatch.setattr(torch, 'rand', lambda *args, **kwargs: torch.tensor(draw))
    image = torch.arange(float(n)).view(n, 1, 1, 1).expand(n, 1, size, size)
    mixed, _ = method.cutmix(image, pseudo, torch.arange(float(n)))
    inside = (mixed != image)[:, 0].numpy()
    half = int((0.1 + 0.8 * draw) * size) // 2
    for axis in (1, 2):
        low = inside.any(axis).argmax(1)
        high = size - inside.any(axis)[:, ::-1].argmax(1)
        assert low.min() == max(size // 16 - half, 0) and high.max() == size
        assert high.min() == size // 16 + half  # the first centre is 2
        assert (high - low).max() == 2 * half
        # every box that was not cut off tells its centre
        centres = (low + half)[high - low == 2 * half]
        assert set(centres) == set(range(max(size // 16, half), size - half + 1))


def numpy_easiness(s, t, valid, tau):
    gamma = []
    for n in range(len(s)):
        p, q = (x[n][:, valid[n]] for x in (s, t))
        r_s, r_t = ((x.max(0) >= tau).mean() for x in (p, q))
        a, b = p.argmax(0), q.argmax(0)
        gamma.append(
            (numpy_weighted_iou(a, b, 4, None) * r_t + numpy_weighted_iou(b, a, 4, None) * r_s) / 2
        )
    return np.array(gamma)


@pytest.mark.parametrize('is_mixed', [True, False])
def test_a_step(build_tiny, monkeypatch, is_mixed):
    """Both branches of the loss; weight 3 is the default."""
    tau = 0.7
    model = build_tiny(dict(type='IMAS', teachers=[TEACHER], threshold=tau, sup_weight=0.7))
    model.train()
    make_decisive(model)
    views, of_view = make_batch(n=3)
    twin = copy.deepcopy(model)
    inside = torch.rand(3, 1, 32, 32) < 0.4
    monkeypatch.setattr(module, 'box_mask', lambda *args: inside)
    draws = iter([0.3, 0.0 if is_mixed else 1.0])  # the side of the boxes, the branch
    with monkeypatch.context() as patch:
        patch.setattr(torch, 'rand', lambda *args, **kwargs: torch.tensor(next(draws)))
        losses = model.semi.loss(model, views, of_view)
    assert next(draws, None) is None

    weak, strong = (views[name].double().numpy() for name in ('weak', 'strong'))
    with torch.no_grad():
        t = softmax(twin.semi.teachers[0].module.logits(views['weak']))
        s = softmax(twin.eval().logits(views['weak']))
    twin.train()
    label, conf = t.argmax(1), t.max(1)
    valid = np.ones((3, 32, 32), bool)
    valid[:, -3:] = False
    gamma = numpy_easiness(s, t, valid, tau)
    assert len(set(gamma)) == 3 and gamma.min() > 0 and gamma.max() < 1
    assert losses['unsup.easiness'].item() == pytest.approx(gamma.mean(), rel=1e-4)
    where, order = inside[:, 0].numpy(), np.argsort(gamma)
    partner = np.empty(3, int)
    partner[order] = order[::-1]
    mixed = np.where(where[:, None], weak[partner], weak)
    share = gamma[:, None, None, None]
    blended = share * strong + (1 - share) * weak
    batch = np.concatenate([views['sup'].numpy(), weak, mixed, blended])
    with torch.no_grad():
        p = softmax(twin.logits(torch.from_numpy(batch).float()))

    def loss_of(p, label, conf, valid):
        ce = -np.log(np.take_along_axis(p, label[:, None], 1)[:, 0])
        kept = valid & (conf >= tau)
        return np.mean([gamma[b] * ce[b][kept[b]].sum() / valid[b].sum() for b in range(3)])

    assert 0.05 < (conf >= tau).mean() < 0.95
    of_strong = loss_of(p[9:], label, conf, valid)
    target = (np.where(where, x[partner], x) for x in (label, conf, valid))
    of_mixed = loss_of(p[6:9], *target)
    expected = (of_strong / 2, of_mixed / 2) if is_mixed else (of_strong, 0.0)
    for name, value in zip(('strong', 'mixed'), expected, strict=True):
        assert losses[f'unsup.loss_{name}'].item() == pytest.approx(3 * value, rel=1e-3)
    truth = torch.stack([sample.gt_sem_seg.data for sample in of_view['sup']]).numpy()
    ce = -np.log(np.take_along_axis(p[:3], truth, 1)).mean()
    assert losses['decode.loss_ce'].item() == pytest.approx(0.7 * ce, rel=1e-3)
