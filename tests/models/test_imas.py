# SPDX-License-Identifier: Apache-2.0
"""iMAS against NumPy in float64: easiness, loss, pairing of CutMix."""

import numpy as np
import pytest
import torch

from mmseg_im.label_space import MultiClass
from mmseg_im.models.ssl.imas import IMAS, easiness, instance_loss
from tests.models.test_ssl import make_pseudo


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
    monkeypatch.setattr(
        'mmseg_im.models.ssl.imas.box_mask',
        lambda *args: torch.ones(5, 1, 2, 2, dtype=torch.bool),
    )
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
