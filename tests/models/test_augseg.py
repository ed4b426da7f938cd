# SPDX-License-Identifier: Apache-2.0
"""AugSeg against NumPy: the score of an image, and the bookkeeping of the injection."""

import numpy as np
import pytest
import torch

from mmseg_im.label_space import MultiClass
from mmseg_im.models.ssl.augseg import AugSeg, sureness, truth
from tests.conftest import samples
from tests.models.test_ssl import make_pseudo


def test_sureness():
    pseudo = make_pseudo(n=3, size=(6, 5))
    prob = torch.rand(3, 4, 6, 5) + 0.01
    prob = prob / prob.sum(1, keepdim=True)
    pseudo = pseudo.__class__(**{**vars(pseudo), 'prob': prob})
    p, valid = prob.double().numpy(), pseudo.valid.numpy()
    entropy = -(p * np.log(p)).sum(1) / np.log(4)
    score = (1 - entropy) * p.max(1)
    expected = [score[n][valid[n, 0]].mean() for n in range(3)]
    found = sureness(MultiClass(4), pseudo)
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
    annotation = truth(samples(label), pseudo)
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
    for name in ('label', 'confidence', 'weight', 'valid', 'inconsistent'):
        expected = by_hand(getattr(pseudo, name), getattr(annotation, name))
        np.testing.assert_array_equal(getattr(target, name).numpy(), expected, err_msg=name)


def test_annotations_are_sure_and_their_padding_is_none():
    pseudo = make_pseudo(n=2)
    label = torch.randint(4, (2, 1, 5, 7))
    label[:, :, 3:] = 255
    found = truth(samples(label), pseudo)
    assert torch.equal(found.label.long(), label)
    assert (found.weight == 1).all() and (found.confidence == 1).all()
    assert torch.equal(found.valid, label != 255) and not found.inconsistent.any()


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
