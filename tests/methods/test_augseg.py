# SPDX-License-Identifier: Apache-2.0
"""AugSeg against NumPy: the score of an image, the injection, its boxes, a whole step."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.labels.spaces import MultiClass
from mmseg_im.methods.augseg import AugSeg, image_confidence
from mmseg_im.methods.pseudo_label import annotated
from tests.conftest import samples
from tests.methods.test_methods import TEACHER, make_batch, make_decisive
from tests.methods.test_ssl import make_pseudo
from tests.methods.test_unimatch import mean_loss, softmax

pytestmark = pytest.mark.fast


def test_image_confidence():
    pseudo = make_pseudo(n=3, size=(6, 5))
    prob = torch.rand(3, 4, 6, 5) + 0.01
    prob = prob / prob.sum(1, keepdim=True)
    pseudo = pseudo.__class__(**{**vars(pseudo), 'prob': prob})
    p, valid = prob.double().numpy(), pseudo.valid.numpy()
    entropy = -(p * np.log(p)).sum(1) / np.log(4)
    score = (1 - entropy) * p.max(1)
    expected = [score[n][valid[n, 0]].mean() for n in range(3)]
    found = image_confidence(MultiClass(4), pseudo)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4)


def method():
    return AugSeg([dict(type='EMATeacher')])


@pytest.mark.parametrize('score', [0.0, 1.0])
def test_injection(monkeypatch, score):
    """Image by image in plain NumPy, with boxes and permutation known."""
    n, size = 3, (8, 9)
    order = torch.tensor([2, 0, 1])
    boxes = [torch.rand(n, 1, *size) < 0.4 for _ in range(2)]
    queue = list(boxes)
    augseg = method()
    monkeypatch.setattr(augseg, '_boxes', lambda *args: queue.pop(0))
    monkeypatch.setattr(torch, 'randperm', lambda *a, **k: order)
    image, labeled = torch.rand(n, 3, *size), torch.rand(n, 3, *size)
    pseudo = make_pseudo(n=n, size=size)
    label = torch.randint(4, (n, 1, *size))
    label[:, :, 0] = 255
    annotation = annotated(samples(label))
    mixed, target = augseg.inject(image, pseudo, labeled, annotation, torch.full((n,), score))

    def by_hand(x, other):
        x, other = x.numpy(), other.numpy()
        copy, out = x.copy(), x.copy()
        for i in range(n):
            if score < 0.5:
                where = boxes[0][i, 0].numpy()
                copy[i][:, where] = other[order[i]][:, where]
        for i in range(n):
            where = boxes[1][i, 0].numpy()
            out[i][:, where] = copy[order[i]][:, where]
        return out

    np.testing.assert_array_equal(mixed.numpy(), by_hand(image, labeled))
    for name in ('label', 'weight', 'valid'):
        expected = by_hand(getattr(pseudo, name), getattr(annotation, name))
        np.testing.assert_array_equal(getattr(target, name).numpy(), expected, err_msg=name)


def test_annotations_are_sure_and_their_padding_is_none():
    label = torch.randint(4, (2, 1, 5, 7))
    label[:, :, 3:] = 255
    found = annotated(samples(label))
    assert torch.equal(found.label.long(), label) and (found.weight == 1).all()
    assert torch.equal(found.valid, label != 255)


def test_boxes_follow_the_beta_distributions():
    augseg = method()
    for beta, mean in (((8.0, 2.0), 0.2), ((4.0, 4.0), 0.5)):
        sides = []
        for _ in range(300):
            box = augseg._boxes(1, (400, 400), beta)[0, 0]
            rows, columns = box.any(1).sum().item(), box.any(0).sum().item()
            sides.append(max(rows, columns))
        # the longer side is rarely cut off at the border
        assert np.mean(np.square(sides) / 400**2) == pytest.approx(mean, abs=0.08)


class KnownBeta:
    """A Beta distribution that notes its parameters and always says the same."""

    def __init__(self, value):
        self.value, self.asked = value, []

    def __call__(self, *parameters):
        self.asked.append(parameters)
        return self

    def sample(self):
        return torch.tensor(self.value)


@pytest.mark.parametrize('value', [0.99, 0.75])
def test_boxes_have_the_side_of_one_minus_lambda(monkeypatch, value):
    """Centres from S // 8 on, sides of sqrt(1 - lambda), cut off at the border."""
    monkeypatch.setattr(torch.distributions, 'Beta', KnownBeta(value))
    inside = method()._boxes(2000, (32, 32), (8.0, 2.0))[:, 0].numpy()
    half = int(32 * np.sqrt(1 - value)) // 2
    for axis in (1, 2):
        low = inside.any(axis).argmax(1)
        high = 32 - inside.any(axis)[:, ::-1].argmax(1)
        assert low.min() == max(4 - half, 0) and high.min() == 4 + half
        assert high.max() == 32 and (high - low).max() == 2 * half


def test_a_step(build_tiny, monkeypatch):
    """The strong view with boxes of labeled images and of others; some images are sure enough."""
    n, tau, size = 3, 0.7, (32, 32)
    model = build_tiny(
        dict(
            type='AugSeg', teachers=[TEACHER], threshold=tau, sup_weight=0.7, unsup_weight=0.5
        )
    )  # fmt: skip
    model.train()
    make_decisive(model)
    views, of_view = make_batch(n=n)
    for sample in of_view['sup']:
        sample.gt_sem_seg.data[:, :4] = 255  # unknown
    twin = copy.deepcopy(model)

    with torch.no_grad():
        t = softmax(twin.semi.teachers[0].module.logits(views['weak']))
    label, conf = t.argmax(1), t.max(1)
    pad = np.zeros((n, *size), bool)
    pad[:, -3:] = True
    sure = (1 + (t * np.log(t)).sum(1) / np.log(4)) * conf
    q = np.array([sure[i][~pad[i]].mean() for i in range(n)])
    u = q + np.array([0.05, -0.02, -0.02])  # the first image alone is not sure enough
    assert ((u > q) == [True, False, False]).all() and ((u > 1 - q) != (u > q)).any()

    order, beta = torch.tensor([2, 0, 1]), KnownBeta(0.5)
    boxes = [torch.rand(n, 1, *size) < 0.5 for _ in range(2)]
    queue = list(boxes)
    with monkeypatch.context() as patch:
        patch.setattr(torch, 'rand', lambda *args, **kwargs: torch.from_numpy(u))
        patch.setattr(torch, 'randperm', lambda *args, **kwargs: order)
        patch.setattr(torch.distributions, 'Beta', beta)
        patch.setattr('mmseg_im.methods.augseg.box_mask', lambda *args: queue.pop(0))
        losses = model.semi.loss(model, views, of_view)
    assert beta.asked == [(8, 2), (4, 4)] and not queue

    truth_map = torch.stack([sample.gt_sem_seg.data for sample in of_view['sup']])[:, 0].numpy()
    donor, second = (box[:, 0].numpy() for box in boxes)
    donor = donor & (u > q)[:, None, None]

    def injected(x, labeled):
        """Works on the last two axes; other axes in between are channels."""

        def spread(box):
            return box if x.ndim == 3 else box[:, None]

        copied = np.where(spread(donor), labeled[order.numpy()], x)
        return np.where(spread(second), copied[order.numpy()], x)

    target = injected(label, truth_map)
    sure = injected(conf, np.ones_like(conf))
    padding = injected(pad, truth_map == 255)
    image = injected(views['strong'].numpy(), views['sup'].numpy())
    with torch.no_grad():
        logits = twin.logits(torch.cat([views['sup'], torch.from_numpy(image)]))
    assert 0.05 < (sure >= tau).mean() < 0.95 and (target[~padding] < 4).all()
    expected = mean_loss(logits[n:], target, sure, padding, tau)
    assert losses['unsup.loss_strong'].item() == pytest.approx(0.5 * expected, rel=1e-3)
    # mmseg's cross entropy divides by all pixels unless it is told otherwise
    known = truth_map != 255
    p = softmax(logits[:n])
    ce = -np.log(np.take_along_axis(p, np.where(known, truth_map, 0)[:, None], 1)[:, 0])
    expected = ce[known].sum() / known.size
    assert losses['decode.loss_ce'].item() == pytest.approx(0.7 * expected, rel=1e-3)
