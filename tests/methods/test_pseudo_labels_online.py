# SPDX-License-Identifier: Apache-2.0
"""Pseudo-labels, the order inside a step, and the loss, against NumPy in float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmseg_im.labels.spaces import MultiClass, MultiLabel
from mmseg_im.methods import fixmatch as fixmatch_module
from mmseg_im.methods.mixing import neighbour
from mmseg_im.methods.pseudo_label_loss import PseudoLabel, pseudo_label_loss
from mmseg_im.teachers.base import Teacher

pytestmark = pytest.mark.fast

VIEWS = [dict(type='EMATeacher', views=['identity', 'hflip'])]
IM = dict(type='InconsistencyMask')


def fixmatch(teachers=None, **kwargs):
    return dict(type='FixMatch', teachers=teachers or VIEWS, **kwargs)


class Scripted(Teacher):
    """A teacher that says what the test wrote down."""

    def __init__(self, *logits):
        super().__init__()
        self.logits = logits

    def vote(self, student, image):
        yield from self.logits


def logits_of(label, classes=4, sure=9.0):
    """Logits (1, C, H, W) that predict a label map (H, W)."""
    label = torch.as_tensor(label)
    return sure * torch.nn.functional.one_hot(label, classes).permute(2, 0, 1)[None].float()


def make_pseudo(n=2, maps=1, classes=4, size=(5, 7)):
    label = torch.randint(classes, (n, maps, *size), dtype=torch.uint8)
    label[torch.rand(label.shape) < 0.3] = 255
    return PseudoLabel(
        label=label,
        prob=torch.rand(n, classes, *size),
        confidence=torch.rand(n, maps, *size),
        inconsistent=torch.rand(n, 1, *size) < 0.3,
        valid=torch.rand(n, 1, *size) < 0.8,
        weight=(torch.rand(n, maps, *size) < 0.7) * torch.rand(n, maps, *size),
        finite=torch.ones(n, 1, 1, 1, dtype=torch.bool),
    )


@pytest.mark.parametrize(('n', 'size'), [(2, (5, 7)), (1, (1, 1))])
def test_loss_is_the_formula(n, size):
    pseudo = make_pseudo(n=n, size=size)
    logits = torch.randn(n, 4, *size)
    x = logits.double().numpy()
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    total = 0.0
    for i in range(n):
        for r in range(size[0]):
            for c in range(size[1]):
                label = int(pseudo.label[i, 0, r, c])
                if pseudo.valid[i, 0, r, c] and label != 255:
                    total -= float(pseudo.weight[i, 0, r, c]) * np.log(p[i, label, r, c])
    expected = total / max(int(pseudo.valid.sum()), 1)
    loss = pseudo_label_loss(MultiClass(4), logits, pseudo)
    assert loss.item() == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_multi_label_loss_is_the_formula():
    pseudo = make_pseudo(maps=3, classes=2)
    logits = torch.randn(2, 3, 5, 7)
    p = 1 / (1 + np.exp(-logits.double().numpy()))
    label, weight = pseudo.label.numpy(), pseudo.weight.double().numpy()
    valid = np.broadcast_to(pseudo.valid.numpy(), label.shape)
    loss = -np.log(np.where(label == 1, p, 1 - p)) * weight * valid * (label != 255)
    result = pseudo_label_loss(MultiLabel(3), logits, pseudo)
    assert result.item() == pytest.approx(loss.sum() / valid.sum(), rel=1e-5)


@pytest.mark.parametrize('nothing', ['label', 'weight', 'valid'])
def test_nothing_left_is_zero_with_a_graph(nothing):
    pseudo = make_pseudo()
    value = dict(label=255, weight=0.0, valid=False)[nothing]
    pseudo = PseudoLabel(
        **{**vars(pseudo), nothing: torch.full_like(getattr(pseudo, nothing), value)}
    )
    logits = torch.randn(2, 4, 5, 7, requires_grad=True)
    loss = pseudo_label_loss(MultiClass(4), logits, pseudo)
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


def test_a_weight_without_its_map_is_refused():
    """(N, H, W) would be broadcast to (N, N, H, W)."""
    pseudo = make_pseudo(n=2)
    wrong = replace(pseudo, weight=pseudo.weight[:, 0])
    with pytest.raises(ValueError, match='keep the second dimension'):
        pseudo_label_loss(MultiClass(4), torch.zeros(2, 4, *pseudo.label.shape[2:]), wrong)


def test_what_the_mask_hides_influences_no_loss(build_tiny, batch):
    """Teachers that disagree differently under the same mask give the same step."""
    views, samples = batch(n=1)
    base = torch.randint(4, (32, 32))
    hidden = torch.rand(32, 32) < 0.3
    results = []
    for seed in (1, 2):
        rng = torch.Generator().manual_seed(seed)
        one = torch.where(hidden, torch.randint(0, 2, (32, 32), generator=rng), base)
        other = torch.where(hidden, torch.randint(2, 4, (32, 32), generator=rng), base)
        torch.manual_seed(0)
        model = build_tiny(fixmatch(im=IM, threshold=0.0))
        model.semi.teachers = torch.nn.ModuleList([Scripted(logits_of(one), logits_of(other))])
        torch.manual_seed(3)
        losses = model.semi.loss(model, views, samples)
        losses['unsup.loss_strong'].backward()
        grad = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        results.append((losses['unsup.loss_strong'], grad))
        assert torch.equal(model.semi.last_pseudo.inconsistent[0, 0], hidden)
    assert torch.equal(results[0][0], results[1][0]) and torch.equal(results[0][1], results[1][1])
    assert results[0][0] > 0


def test_order_inside_a_step(build_tiny, batch, monkeypatch):
    """Teachers see the clean weak view; the student sees strong, painted, then mixed."""
    model = build_tiny(fixmatch(im=dict(IM, fill=0), threshold=0.0))
    model.train()
    views, samples = batch(n=3)
    seen = []
    teacher_vote = model.semi.teachers[0].vote

    def vote(student, image):
        seen.append(('teacher', image.clone()))
        yield from teacher_vote(student, image)

    inside = torch.rand(3, 1, 32, 32) < 0.4
    monkeypatch.setattr(model.semi.teachers[0], 'vote', vote)
    monkeypatch.setattr(fixmatch_module, 'sample_box_mask', lambda *args: inside)
    monkeypatch.setattr(
        fixmatch_module,
        'pseudo_label_loss',
        lambda space, logits, pseudo: seen.append(('loss', pseudo)) or logits.sum(),
    )
    joint = model.joint
    monkeypatch.setattr(
        model, 'joint', lambda *args: seen.append(('student', args[2].clone())) or joint(*args)
    )
    model.semi.loss(model, views, samples)
    assert [name for name, _ in seen] == ['teacher', 'student', 'loss']
    assert torch.equal(seen[0][1], views['weak'])

    pseudo = model.semi.last_pseudo
    assert pseudo.inconsistent.any() and not pseudo.inconsistent.all()
    black = -torch.tensor([120.0, 110.0, 100.0]) / torch.tensor([60.0, 55.0, 50.0])
    painted = torch.where(pseudo.inconsistent, black.view(1, 3, 1, 1), views['strong'])
    torch.testing.assert_close(seen[1][1], torch.where(inside, neighbour(painted), painted))
    for name in ('label', 'weight', 'valid'):
        before = getattr(pseudo, name)
        after = torch.where(inside, neighbour(before), before)
        assert torch.equal(getattr(seen[2][1], name), after), name


def test_three_things_are_kept_apart(build_tiny, batch):
    """Confidence changes the weight, the mask the label, padding the validity."""
    views, samples = batch(n=1)
    samples['weak'][0].gt_sem_seg.data[:, 20:] = 255
    one = torch.zeros(32, 32, dtype=torch.long)
    other = one.clone()
    other[:10] = 1
    unsure = logits_of(one)
    unsure[..., :8] /= 100
    model = build_tiny(fixmatch(im=IM, threshold=0.9))
    model.semi.teachers = torch.nn.ModuleList([Scripted(unsure, logits_of(other))])
    model.semi.loss(model, views, samples)
    pseudo = model.semi.last_pseudo
    assert (pseudo.label[0, 0, :10] == 255).all() and (pseudo.label[0, 0, 10:] == 0).all()
    assert pseudo.inconsistent[0, 0, :10].all() and not pseudo.inconsistent[0, 0, 10:].any()
    assert pseudo.valid[0, 0, :20].all() and not pseudo.valid[0, 0, 20:].any()
    assert (pseudo.weight[0, 0, 10:, :8] == 0).all() and (pseudo.weight[0, 0, 10:, 8:] == 1).all()
    assert pseudo.carries_loss().sum() == 10 * 24


def test_probability_is_the_mean_of_the_voters(build_tiny, batch):
    views, samples = batch(n=2)
    volumes = [torch.randn(2, 4, 32, 32) for _ in range(5)]
    model = build_tiny(fixmatch(threshold=0.0))
    model.semi.teachers = torch.nn.ModuleList([Scripted(*volumes[:2]), Scripted(*volumes[2:])])
    pseudo = model.semi.label(model, views['weak'], samples['weak'])
    exact = np.stack([v.double().numpy() for v in volumes])
    p = (np.exp(exact) / np.exp(exact).sum(2, keepdims=True)).mean(0)
    np.testing.assert_allclose(pseudo.prob.numpy(), p, atol=1e-6)
    np.testing.assert_array_equal(pseudo.label.numpy()[:, 0], p.argmax(1))
    np.testing.assert_allclose(pseudo.confidence.numpy()[:, 0], p.max(1), atol=1e-6)
    assert not pseudo.inconsistent.any() and (pseudo.weight == 1).all()


@pytest.mark.parametrize('im', [None, IM])
@pytest.mark.parametrize('space', ['multiclass', 'binary', 'multilabel'])
def test_nan_of_one_teacher_silences_that_image(build_tiny, batch, space, im):
    channels = dict(multiclass=4, binary=1, multilabel=4)[space]
    maps = 4 if space == 'multilabel' else 1
    classes = 2 if space == 'binary' else 4
    views, samples = batch(n=2, maps=maps, classes=2)
    bad = torch.randn(2, channels, 32, 32)
    good = bad.clone()
    bad[1, 0, 3, 4] = torch.nan
    model = build_tiny(
        fixmatch(im=im, threshold=0.0, cutmix_prob=0.0),
        label_space=space, num_classes=classes, out_channels=channels,
        **(dict(threshold=0.5) if space == 'binary' else {}),
    )  # fmt: skip
    model.semi.teachers = torch.nn.ModuleList([Scripted(good, bad)])
    losses = model.semi.loss(model, views, samples)
    pseudo = model.semi.last_pseudo
    assert pseudo.finite.flatten().tolist() == [True, False]
    assert (pseudo.weight[1] == 0).all() and (pseudo.weight[0] == 1).all()
    assert torch.isfinite(losses['unsup.loss_strong']) and losses['unsup.nan_images'] == 1
    assert torch.isfinite(pseudo.prob).all()


@pytest.mark.parametrize(
    ('semi', 'message'),
    [
        (dict(type='FixMatch', teachers=[]), 'teachers is empty'),
        (fixmatch(threshold=2), 'threshold=2'),
        (fixmatch(cutmix_prob=-1), 'cutmix_prob=-1'),
        (fixmatch(treshold=0.9), r"semi.treshold.*Did you mean 'threshold'"),
        (dict(type='FixMatch'), 'semi.teachers is missing'),
        (fixmatch([dict(type='EMATeacher', momentun=1)]), r"teachers\[0\].momentun.*'momentum'"),
        (fixmatch([dict(type='EMATeacher')], im=IM), 'one voter always agrees with itself'),
        (fixmatch(im=dict(IM, min_foreground=True)), 'min_foreground=True is for binary'),
    ],
)
def test_wrong_methods_are_named(build_tiny, semi, message):
    with pytest.raises(ValueError, match=message):
        build_tiny(semi)


def test_unregistered_method_is_named(build_tiny):
    with pytest.raises(ValueError, match=r"model.semi.type='FixMach' is not registered"):
        build_tiny(dict(type='FixMach'))
    with pytest.raises(ValueError, match=r'model.semi.im must be a dict'):
        build_tiny(fixmatch(im=dict(erode=3)))


def test_confidence_is_that_of_the_voted_label(build_tiny, batch):
    """Two narrow votes for 0 beat one sure vote for 1, and the mean is not sure of 0."""
    views, samples = batch(n=1)
    narrow = torch.tensor([0.51, 0.49, 1e-9, 1e-9]).log().view(1, 4, 1, 1).expand(1, 4, 32, 32)
    sure = torch.tensor([1e-9, 1.0, 1e-9, 1e-9]).log().view(1, 4, 1, 1).expand(1, 4, 32, 32)
    model = build_tiny(fixmatch(im=dict(IM, min_agreement=0.6), threshold=0.5))
    model.semi.teachers = torch.nn.ModuleList([Scripted(narrow, narrow, sure)])
    model.semi.loss(model, views, samples)
    pseudo = model.semi.last_pseudo
    assert (pseudo.label == 0).all() and not pseudo.inconsistent.any()
    torch.testing.assert_close(pseudo.confidence, torch.full_like(pseudo.confidence, 0.34))
    assert (pseudo.weight == 0).all()


@pytest.mark.parametrize(('threshold', 'same'), [(0.8, True), (0.5, False)])
def test_a_threshold_above_three_quarters_contains_the_mask_of_two(
    build_tiny, batch, threshold, same
):
    """The unpainted mask then changes no loss; see docs/inconsistency_masks.md."""
    views, samples = batch(n=2)
    voters = Scripted(*(6 * torch.randn(2, 2, 4, 32, 32)))
    losses = []
    for im in (None, dict(IM, block_input=False)):
        torch.manual_seed(0)
        model = build_tiny(fixmatch(im=im, threshold=threshold, cutmix_prob=0.0))
        model.semi.teachers = torch.nn.ModuleList([voters])
        losses.append(model.semi.loss(model, views, samples)['unsup.loss_strong'])
    assert torch.equal(*losses) == same and losses[0] > 0
    assert model.semi.last_pseudo.inconsistent.any()
