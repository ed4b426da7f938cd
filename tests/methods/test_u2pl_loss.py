# SPDX-License-Identifier: Apache-2.0
"""A whole step of U2PL against NumPy in float64, with the draws as they fell."""

import copy

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmseg.registry import MODELS

from mmseg_im.methods import u2pl as module
from tests.conftest import tiny_model
from tests.methods.test_methods import METHODS, TEACHER, make_batch, make_decisive
from tests.methods.test_u2pl import cosine
from tests.methods.test_unimatch import softmax

pytestmark = pytest.mark.fast

EPOCH, EPOCHS = 3, 12


@pytest.fixture
def epoch_3_of_12(monkeypatch):
    """What a Runner tells in its message hub."""
    hub = MessageHub('test_u2pl_loss')
    hub.update_info('epoch', EPOCH)
    hub.update_info('max_epochs', EPOCHS)
    monkeypatch.setattr(MessageHub, 'get_current_instance', lambda: hub)


def build(**options):
    """A student whose logits have half the resolution, and a teacher that says other things."""
    cfg = tiny_model(dict(METHODS['u2pl'], **options))
    cfg['decode_head'].update(in_channels=8, in_index=0)
    model = MODELS.build(dict(cfg, label_space='multiclass'))
    model.train()
    method = model.semi
    make_decisive(model, noise=0.2)
    with torch.no_grad():
        for p in method.represent_ema.parameters():
            p += 0.5 * torch.randn_like(p)
    for layer in method.represent:
        if isinstance(layer, torch.nn.Dropout2d):
            layer.p = 0.0
    return model


@pytest.fixture
def drawn(monkeypatch):
    """Masks from which places are drawn, and the places: of negatives, then of anchors."""
    seen = []
    draw = module.draw

    def record(mask, num):
        seen.append((mask.numpy(), draw(mask, num)))
        return seen[-1][1]

    monkeypatch.setattr(module, 'draw', record)
    return seen


def record_sample(bank, monkeypatch):
    """The vectors that are taken out of the bank."""
    seen = []
    sample = bank.sample
    monkeypatch.setattr(bank, 'sample', lambda num: seen.append(sample(num)) or seen[-1])
    return seen


def pixels(x):
    """(N, C, h, w) or (N, h, w) to (N h w, C) or (N h w,), float64."""
    x = np.asarray(x)
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1]) if x.ndim == 4 else x.reshape(-1)


def halved(x):
    """Means of 2 x 2 pixels, which is what bilinear sampling at half the resolution gives."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).mean((3, 5))


def rank_of(prob, c):
    return (prob > prob[:, c : c + 1]).sum(1)


def contrast_by_hand(vectors, keys, y, low, places, negatives, usable, temperature=0.5):
    """The mean over present classes; one that is not usable counts with 0."""
    present = [c for c in range(4) if (low & (y == c)).any()]
    total = 0.0
    for c in present:
        if c not in usable:
            continue
        positive = keys[low & (y == c)].mean(0)
        for q, place in enumerate(places[c]):
            scores = [cosine(vectors[place], positive)]
            scores += [cosine(vectors[place], n) for n in negatives[c, q]]
            scores = np.exp(np.array(scores) / temperature)
            total -= np.log(scores[0] / scores.sum()) / len(places[c])
    return total / len(present)


def test_a_step(epoch_3_of_12, drawn, monkeypatch):
    options = dict(
        drop_percent=40.0, low_entropy=20.0, min_prob=0.25, cutmix_prob=1.0, contrast_weight=0.3,
        sup_weight=0.7, unsup_weight=0.5,
    )  # fmt: skip
    model = build(**options)
    method, twin = model.semi, copy.deepcopy(model)
    views, of_view = make_batch()
    inside = torch.rand(2, 1, 32, 32) < 0.4
    monkeypatch.setattr(module, 'box_mask', lambda *args: inside)
    sampled = record_sample(method.bank, monkeypatch)
    losses = method.loss(model, views, of_view)

    # the networks' own answers, each image in its place
    mixed = torch.where(inside, views['weak'][[1, 0]], views['weak'])
    both = torch.cat([views['sup'], mixed])
    teacher, represent = twin.semi.teachers[0].module, twin.semi.represent
    with torch.no_grad():
        label = teacher.logits(views['weak']).argmax(1).numpy()
        full = softmax(teacher.logits(both))[2:]
        features = teacher.extract_feat(both)
        prob = pixels(softmax(teacher.decode_head.forward(features)))
        ema = twin.semi.represent_ema
        keys = ema(torch.cat([features[0], halved(features[1])], dim=1))
        features = twin.extract_feat(both)
        vectors = represent(torch.cat([features[0], halved(features[1])], dim=1))
        logits = softmax(twin.logits(both))
    keys, vectors = (pixels(x.double().numpy()) for x in (keys, vectors))

    valid = np.ones((2, 32, 32), bool)
    valid[:, -3:] = False
    where = inside[:, 0].numpy()
    label, valid = (np.where(where, x[::-1], x) for x in (label, valid))
    entropy = -(full * np.log(full)).sum(1)
    left = 1 - EPOCH / EPOCHS
    drop, low, high = (
        np.percentile(entropy[valid], p) for p in (100 - 40 * left, 20 * left, 100 - 20 * left)
    )

    kept = valid & (entropy < drop)
    ce = -np.log(np.take_along_axis(logits[2:], label[:, None], 1)[:, 0])
    expected = valid.sum() / kept.sum() ** 2 * ce[kept].sum()
    found = losses['unsup.loss_entropy'].item()
    assert found == pytest.approx(0.5 * expected, rel=1e-3)
    truth = torch.stack([s.gt_sem_seg.data for s in of_view['sup']])[:, 0].numpy()
    ce = -np.log(np.take_along_axis(logits[:2], truth[:, None], 1))
    assert losses['decode.loss_ce'].item() == pytest.approx(0.7 * ce.mean(), rel=1e-3)

    # every second pixel lies on the decoder's grid
    every = np.ones_like(valid)
    y, lo, hi = (
        pixels(np.concatenate(pair)[:, ::2, ::2])
        for pair in (
            (truth, np.where(valid, label, 255)),
            (every, valid & (entropy <= low)),
            (every, valid & (entropy >= high)),
        )
    )
    of_labeled = np.arange(len(y)) < len(y) // 2
    (negative, _), (anchor, places) = drawn
    for c in range(4):
        rank = rank_of(prob, c)
        expected = hi & np.where(of_labeled, (y != c) & (rank < 2), (rank >= 2) & (rank < 4))
        np.testing.assert_array_equal(negative[c], expected)
        np.testing.assert_array_equal(anchor[c], lo & (y == c) & (prob[:, c] > 0.25))
        assert method.bank.count[c] == min(expected.sum(), 16)
        for one in sampled[0][c].double().numpy():
            assert np.abs(keys[expected] - one).max(1).min() < 1e-4
    # each rule is at work in this batch
    assert (negative & of_labeled).any() and (negative & ~of_labeled).any()
    assert (anchor & of_labeled).any() and (anchor & ~of_labeled).any()
    usable = [c for c in range(4) if anchor[c].any() and negative[c].any()]
    negatives = sampled[0].view(4, 8, 4, -1).double().numpy()
    expected = contrast_by_hand(vectors, keys, y, lo, places.numpy(), negatives, usable)
    found = losses['unsup.loss_contrast'].item()
    assert found == pytest.approx(0.5 * 0.3 * expected, rel=1e-3)


# label to probabilities: class 0 is never sure, and class 1 is never ranked high elsewhere
PROBS = [[0.28, 0.02, 0.38, 0.32], [0.1, 0.5, 0.25, 0.15], [0.28, 0.02, 0.5, 0.2],
         [0.1, 0.02, 0.28, 0.6]]  # fmt: skip


def test_classes_without_anchors_or_negatives_count_with_zero(drawn, monkeypatch):
    """Class 0 has positives but no anchor, class 1 anchors but an empty queue."""
    method = build(ranks=(2, 4), min_prob=0.3).semi
    label = torch.arange(4).repeat(2, 4, 1).view(2, 4, 4)
    prob = torch.tensor(PROBS)[label].permute(0, 3, 1, 2)
    vectors, keys = torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4)
    low, high = torch.ones(2, 4, 4, dtype=torch.bool), torch.ones(2, 4, 4, dtype=torch.bool)
    high[1] = False
    sampled = record_sample(method.bank, monkeypatch)
    found = method.contrastive(vectors, keys, prob, label, low, high)
    # four labeled pixels of each class; all but class 1 are ranked first or second elsewhere
    assert method.bank.count.tolist() == [4, 0, 8 + 4, 4]
    places = drawn[1][1].numpy()
    expected = contrast_by_hand(
        pixels(vectors.double().numpy()), pixels(keys.double().numpy()), pixels(label),
        pixels(low), places, sampled[0].view(4, 8, 4, 8).double().numpy(), [2, 3],
    )  # fmt: skip
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_the_bank_takes_no_more_than_max_keys():
    method = build(ranks=(2, 4), max_keys=5).semi
    label = torch.arange(4).repeat(2, 4, 1).view(2, 4, 4)
    prob = torch.tensor(PROBS)[label].permute(0, 3, 1, 2)
    every = torch.ones(2, 4, 4, dtype=torch.bool)
    method.contrastive(
        torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4), prob, label, every, every & (label < 0)
    )
    assert method.bank.count.tolist() == [0, 0, 0, 0]
    every[1] = False
    method.contrastive(torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4), prob, label, every, every)
    assert method.bank.count.tolist() == [4, 0, 5, 4]


@pytest.mark.parametrize(('epoch', 'epochs', 'expected'), [(0, 200, 0.0), (50, 200, 0.25)])
def test_progress(monkeypatch, epoch, epochs, expected):
    hub = MessageHub('test_progress')
    monkeypatch.setattr(MessageHub, 'get_current_instance', lambda: hub)
    method = build().semi
    assert method.progress() == 0  # without a Runner
    hub.update_info('epoch', epoch)
    hub.update_info('max_epochs', epochs)
    assert method.progress() == expected


def test_progress_of_a_loop_that_counts_iterations(monkeypatch):
    """mmengine then reports one epoch, the first, for ever."""
    hub = MessageHub('test_progress_by_iteration')
    monkeypatch.setattr(MessageHub, 'get_current_instance', lambda: hub)
    for key, value in dict(epoch=0, max_epochs=1, iter=300, max_iters=1200).items():
        hub.update_info(key, value)
    assert build().semi.progress() == 0.25


def test_vectors_of_the_teacher_follow_its_schedule():
    """min(1 - 1 / (it + 1), 1 - momentum) of the old mean after step it; buffers are copied."""
    model = build(teachers=[dict(TEACHER, momentum=0.25)])
    head, mean = model.semi.represent, model.semi.represent_ema
    parameters = dict(mean.named_parameters())
    expected = {name: p.double().numpy() for name, p in parameters.items()}
    for step in range(6):
        old = min(1 - 1 / (step - 1 + 1), 0.75) if step else 0  # it = step - 1
        with torch.no_grad():
            for p in head.parameters():
                p.copy_(torch.randn_like(p))
            for b in head.buffers():
                b.copy_(torch.randint(1, 9, b.shape))
            model.semi.update_teachers(model)
        for name, value in head.named_parameters():
            expected[name] = old * expected[name] + (1 - old) * value.detach().double().numpy()
            np.testing.assert_allclose(
                parameters[name].numpy(), expected[name], rtol=1e-5, atol=1e-6
            )
        for one, other in zip(mean.buffers(), head.buffers(), strict=True):
            assert torch.equal(one, other)
