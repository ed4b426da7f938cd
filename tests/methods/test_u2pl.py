# SPDX-License-Identifier: Apache-2.0
"""U2PL against NumPy in float64: percentile, bank, dropped pixels, contrastive pairs."""

import numpy as np
import pytest
import torch

from mmseg_im.methods import u2pl as module
from mmseg_im.methods.memory_bank import MemoryBank, draw
from mmseg_im.methods.u2pl import contrast, half_boxes, masked_percentiles
from tests.methods.test_methods import METHODS, make_batch

pytestmark = pytest.mark.fast


@pytest.mark.parametrize('percent', [0.0, 17.3, 50.0, 80.0, 100.0])
@pytest.mark.parametrize('size', [1, 2, 57])
def test_percentile(percent, size):
    values, mask = torch.rand(size), torch.rand(size) < 0.6
    mask[0] = True
    expected = np.percentile(values.double().numpy()[mask.numpy()], percent)
    found = masked_percentiles(values, mask, percent, 50.0)
    assert found[0].item() == pytest.approx(expected, rel=1e-5)
    assert found[1].item() == pytest.approx(np.median(values.numpy()[mask.numpy()]), rel=1e-5)


def test_percentile_of_nothing():
    assert masked_percentiles(torch.rand(4), torch.zeros(4, dtype=torch.bool), 50.0) == torch.inf


def test_boxes_cover_half_the_image():
    boxes = half_boxes(2000, (60, 80))
    top, left, bottom, right = boxes.T
    assert (top >= 0).all() and (left >= 0).all() and (bottom <= 60).all() and (right <= 80).all()
    width, share = right - left, (bottom - top) * (right - left) / (60 * 80)
    assert width.min() == 41 and width.max() == 79
    assert (share - 0.5).abs().max() < 0.01


def test_draw():
    mask = torch.tensor([[False, True, False, True], [False] * 4, [True, False, False, False]])
    found = draw(mask, 4000)
    assert set(found[0].tolist()) == {1, 3} and set(found[2].tolist()) == {0}
    assert (found[0] == 1).float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_bank_keeps_the_last():
    """Against lists."""
    bank, lists = MemoryBank(2, 5, 1), [[], []]
    for step in range(6):
        vectors = torch.arange(6.0).view(2, 3, 1) + 10 * step
        wanted = torch.rand(2, 3) < 0.6
        bank.push(vectors, wanted)
        for c in range(2):
            lists[c] = (lists[c] + vectors[c, wanted[c], 0].tolist())[-5:]
            held = bank.vectors[c, : int(bank.count[c]), 0].tolist()
            assert sorted(held) == sorted(lists[c])
    for c in range(2):
        assert set(bank.sample(500)[c, :, 0].tolist()) == set(lists[c])
    other = MemoryBank(2, 5, 1)
    other.load_state_dict(bank.state_dict())
    assert torch.equal(other.vectors, bank.vectors) and torch.equal(other.next, bank.next)
    assert (MemoryBank(2, 5, 1).sample(3) == 0).all()


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def test_contrast():
    anchors, positive, negatives = torch.randn(6, 5), torch.randn(5), torch.randn(6, 4, 5)
    a, p, n = (x.double().numpy() for x in (anchors, positive, negatives))
    expected = 0.0
    for q in range(6):
        scores = np.exp(np.array([cosine(a[q], p), *(cosine(a[q], m) for m in n[q])]) / 0.5)
        expected -= np.log(scores[0] / scores.sum()) / 6
    assert contrast(anchors, positive, negatives, 0.5).item() == pytest.approx(expected, rel=1e-5)


def build(build_tiny, **kwargs):
    return build_tiny(dict(METHODS['u2pl'], **kwargs))


def test_dropped_pixels(build_tiny, monkeypatch):
    """L_u = |V| / n^2 * sum over the kept pixels, below the percentile of the entropy."""
    model = build(build_tiny, cutmix_prob=0.0)
    model.train()
    monkeypatch.setattr(model.semi, 'progress', lambda: 0.25)
    views, of_view = make_batch()
    seen = {}
    joint = model.joint
    monkeypatch.setattr(
        model, 'joint', lambda *a: seen.setdefault('both', joint(*a)) or seen['both']
    )
    losses = model.loss(views, of_view)
    with torch.no_grad():
        teacher = model.semi.teachers[0].module
        logits = teacher.logits(torch.cat([views['sup'], views['weak']]))[2:].double().numpy()
        label = teacher.logits(views['weak']).argmax(1).numpy()
    p = np.exp(logits - logits.max(1, keepdims=True))
    p = p / p.sum(1, keepdims=True)
    entropy = -(p * np.log(p)).sum(1)
    valid = np.ones(label.shape, bool)
    valid[:, -3:] = False
    kept = valid & (entropy < np.percentile(entropy[valid], 100 - 20 * 0.75))
    x = seen['both'].logits.detach().double().numpy()
    q = np.exp(x - x.max(1, keepdims=True))
    q = q / q.sum(1, keepdims=True)
    ce = -np.log(np.take_along_axis(q, label[:, None], 1)[:, 0])
    expected = valid.sum() / kept.sum() * ce[kept].mean()
    assert losses['unsup.loss_entropy'].item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize('missing', [None, 0, 2])
def test_contrastive_pairs(build_tiny, monkeypatch, missing):
    """Anchors, positives and negatives of every class by plain loops; a class may be missing."""
    model = build(build_tiny, num_anchors=5, num_negatives=3, ranks=(2, 4), min_prob=0.2)
    method, size = model.semi, (6, 5)
    vectors, keys = torch.randn(4, 8, *size), torch.randn(4, 8, *size)
    prob = torch.randn(4, 4, *size).softmax(1)
    label = torch.randint(4, (4, *size))
    if missing is not None:
        label[label == missing] = (missing + 1) % 4
    label[torch.rand(label.shape) < 0.2] = 255
    low, high = (torch.rand(4, *size) < 0.5 for _ in range(2))
    low[:2] = high[:2] = label[:2] != 255
    drawn = []
    monkeypatch.setattr(module, 'draw', lambda mask, num: drawn.append((mask, draw(mask, num)))
                        or drawn[-1][1])  # fmt: skip
    found = method.contrastive(vectors, keys, prob, label, low, high)

    flat = lambda x: x.double().numpy().transpose(0, 2, 3, 1).reshape(120, -1)  # noqa: E731
    v, k, p = flat(vectors), flat(keys), flat(prob)
    y, lo, hi = (x.numpy().reshape(-1) for x in (label, low, high))
    (negative_mask, _), (anchor_mask, places) = drawn
    present = []
    for c in range(4):
        rank = [int((p[i] > p[i, c]).sum()) for i in range(120)]
        negative = [
            bool(hi[i]) and (
                (y[i] != c and rank[i] < 2) if i < 60 else 2 <= rank[i] < 4
            )
            for i in range(120)
        ]  # fmt: skip
        assert negative_mask[c].tolist() == negative
        assert anchor_mask[c].tolist() == [
            bool(lo[i]) and y[i] == c and p[i, c] > 0.2 for i in range(120)
        ]
        present.append(any(lo[i] and y[i] == c for i in range(120)))
        held = method.bank.vectors[c, : int(method.bank.count[c])].double().numpy()
        allowed = k[negative]
        assert all(np.abs(allowed - one).sum(1).min() < 1e-5 for one in held)
    assert present.count(False) == (missing is not None)
    # the loss with the negatives that were drawn
    torch.manual_seed(7)
    again = method.bank.sample(15).view(4, 5, 3, 8).double().numpy()
    torch.manual_seed(7)
    monkeypatch.setattr(method.bank, 'push', lambda *args: None)
    monkeypatch.setattr(module, 'draw', lambda mask, num: places)
    found = method.contrastive(vectors, keys, prob, label, low, high)
    total = 0.0
    for c in range(4):
        if not present[c]:
            continue
        positive = k[(y == c) & lo].mean(0)
        for q in range(5):
            a = v[places[c, q]]
            scores = [cosine(a, positive), *(cosine(a, n) for n in again[c, q])]
            scores = np.exp(np.array(scores) / 0.5)
            total -= np.log(scores[0] / scores.sum()) / 5
    assert found.item() == pytest.approx(total / sum(present), rel=1e-4)


def test_one_class_alone_has_nothing_to_contrast(build_tiny):
    method = build(build_tiny).semi
    vectors = torch.randn(2, 8, 4, 4, requires_grad=True)
    one = torch.ones(2, 4, 4, dtype=torch.bool)
    loss = method.contrastive(
        vectors, torch.randn(2, 8, 4, 4), torch.full((2, 4, 4, 4), 0.25),
        torch.zeros(2, 4, 4, dtype=torch.long), one, one,
    )  # fmt: skip
    loss.backward()
    assert loss.item() == 0 and vectors.grad is not None


def test_softmax_in_float32_under_bfloat16(build_tiny, monkeypatch):
    model = build(build_tiny)
    seen = []
    original = model.semi.contrastive
    monkeypatch.setattr(
        model.semi, 'contrastive', lambda *args: seen.append(args[2].dtype) or original(*args)
    )
    with torch.autocast('cpu', torch.bfloat16):
        model.loss(*make_batch())
    assert seen == [torch.float32]


def test_the_bank_is_in_the_checkpoint(build_tiny):
    model = build(build_tiny)
    model.train()
    model.loss(*make_batch())
    state = model.state_dict()
    assert state['semi.bank.count'].sum() > 0
    other = build(build_tiny)
    other.load_state_dict(state)
    assert torch.equal(other.semi.bank.vectors, model.semi.bank.vectors)


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(teachers=[dict(type='SelfTeacher')]), 'must be an EMATeacher'),
        (dict(in_channels=[4]), 'must be equally long'),
        (dict(max_keys=100), 'max_keys=100 not more than bank_size=64'),
    ],
)
def test_impossible_options(build_tiny, options, match):
    with pytest.raises(ValueError, match=match):
        build(build_tiny, **options)


def test_other_channels_than_the_network_has(build_tiny):
    model = build(build_tiny, in_channels=[8, 8])
    with pytest.raises(ValueError, match=r'in_channels=\[8, 8\], but maps .* have \[8, 4\]'):
        model.loss(*make_batch())
