# SPDX-License-Identifier: Apache-2.0
"""CorrMatch: correlation, regions, threshold and a whole step, against loops in float64."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.methods import corrmatch as module
from tests.methods.test_correlation import (
    array,
    best_by_loops,
    map_of,
    regions_by_loops,
    spread_by_loops,
)
from tests.methods.test_methods import METHODS, TEACHER, make_batch, make_decisive
from tests.methods.test_unimatch import mean_loss, mixed, softmax

pytestmark = pytest.mark.fast


def build(build_tiny, **kwargs):
    model = build_tiny(dict(METHODS['corrmatch'], **kwargs))
    model.train()
    return model


def nearest(x, size):
    """Nearest neighbours of the centres, of maps (N, h, w)."""
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
        for new, old in zip(size, x.shape[1:], strict=True)
    )
    return x[:, rows][:, :, columns]


def resized(logits, size):
    return torch.nn.functional.interpolate(logits.double(), size, mode='bilinear')


@pytest.mark.parametrize('size', [(32, 32), (24, 40)])
def test_a_step(build_tiny, monkeypatch, size):
    """Labeled images of the same and of another size; regions, threshold and all six losses."""
    tau, momentum, weights = 0.4, 0.2, dict(sup_weight=0.7, unsup_weight=0.6)
    model = build(build_tiny, threshold=tau, threshold_momentum=momentum, **weights)
    make_decisive(model)
    for conv in (model.semi.correlation.query, model.semi.correlation.key):
        torch.nn.init.normal_(conv.weight, std=2)  # rows that differ from place to place
    views, of_view = make_batch(n=3)
    labeled, of_labeled = make_batch(n=3, size=size)
    views['sup'], of_view['sup'] = labeled['sup'], of_labeled['sup']
    twin = copy.deepcopy(model)
    count = 6 if size == (32, 32) else 3
    drop = {c: torch.randint(2, (count, c, 1, 1)) * 2.0 for c in (4, 8)}
    inside = torch.rand(3, 1, 32, 32) < 0.4
    places = torch.randint(16 * 16, (3, 40))
    monkeypatch.setattr(module, 'sample_box_mask', lambda *args: inside)
    monkeypatch.setattr(module, 'draw', lambda mask, num: places)
    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.functional, 'dropout2d', lambda x, p: x * drop[x.shape[1]])
        losses = model.loss(views, of_view)

    with torch.no_grad():
        together = size == (32, 32)
        images = torch.cat([views['sup'], views['weak']]) if together else views['weak']
        features = twin.extract_feat(images)
        pairs = [torch.cat([x, x * drop[x.shape[1]]]) for x in features]
        logits = twin.decode(pairs, (32, 32))
        weak, perturbed = logits[count - 3 : count], logits[-3:]
        if together:
            maps_of_labeled, own = features[0][:3], logits[:3]
        else:
            of_sup = twin.extract_feat(views['sup'])
            maps_of_labeled, own = of_sup[0], twin.decode(of_sup, size)
        strong_image = torch.where(inside, views['strong'][[2, 0, 1]], views['strong'])
        maps_of_strong = twin.extract_feat(strong_image)
        strong = twin.decode(maps_of_strong, (32, 32))
        maps = dict(labeled=maps_of_labeled, weak=features[0][-3:], strong=maps_of_strong[0])

    pad = np.zeros((3, 32, 32), bool)
    pad[:, -3:] = True
    prob = softmax(weak)
    label, conf = prob.argmax(1), prob.max(1)
    mean, _ = best_by_loops(label[~pad], conf[~pad], 4)
    tau += momentum * (mean - tau)
    assert model.semi.global_threshold.item() == pytest.approx(tau, rel=1e-5)
    assert losses['unsup.threshold'] == model.semi.global_threshold

    by_correlation, rows = {}, None
    for name, out in (('labeled', own), ('weak', weak), ('strong', strong)):
        query, key = (array(x) for x in twin.semi.correlation(maps[name]))
        grid = maps[name].shape[2:]
        small = array(resized(out, grid)).reshape(3, 4, -1)
        whole = map_of(query, key)
        small = np.einsum('nij,ncj->nci', whole, small).reshape(3, 4, *grid)
        by_correlation[name] = resized(torch.from_numpy(small), out.shape[2:])
        if name == 'weak':
            rows = np.stack([whole[n, places[n]] for n in range(3)])
    low_label, low_conf, low_pad = (nearest(x, (16, 16)).reshape(3, -1) for x in (label, conf, pad))
    region = regions_by_loops(rows, ~low_pad)
    low_label[low_pad] = 255
    spread = spread_by_loops(region, low_label, low_conf, tau, 4)
    of_region, value, reached = (nearest(x.reshape(3, 16, 16), (32, 32)) for x in spread)
    reached &= ~pad
    assert 0.02 < reached.mean() < 0.98 and (of_region != label)[reached].any()
    kept = (reached | (conf >= tau)).astype(float)
    assert 0.05 < kept.mean() < 0.95
    label = np.where(reached, of_region, label)
    conf = np.where(reached, value, conf)
    pseudo = model.semi.last_pseudo
    assert np.array_equal(pseudo.label[:, 0].numpy()[~pad], label[~pad])
    assert np.array_equal(pseudo.weight[:, 0].numpy(), kept)
    np.testing.assert_allclose(array(pseudo.confidence)[:, 0][~pad], conf[~pad], atol=1e-5)

    paste = [2, 0, 1]
    of_mixed = [mixed(x, x[paste], inside) for x in (label, kept, pad)]
    p, q = np.where(inside.numpy(), prob[paste], prob), softmax(strong)
    soft, number = 0.0, 0
    for n, i, j in np.ndindex(*pad.shape):
        if not of_mixed[2][n, i, j]:
            number += 1
            a, b = p[n, :, i, j], q[n, :, i, j]
            soft += of_mixed[1][n, i, j] * (a * np.log(a / b)).sum()
    expected = dict(
        strong=mean_loss(strong, *of_mixed, 1),
        soft=soft / number,
        features=mean_loss(perturbed, label, kept, pad, 1),
        correlation=(
            mean_loss(by_correlation['weak'], label, kept, pad, 1)
            + mean_loss(by_correlation['strong'], *of_mixed, 1)
        )
        / 2,
    )
    for name, value in expected.items():
        found = losses[f'unsup.loss_{name}'].item()
        assert found == pytest.approx(0.6 * value, rel=1e-3), name
    target = torch.stack([s.gt_sem_seg.data for s in of_view['sup']])[:, 0].numpy()
    never, sure = np.zeros(target.shape, bool), np.ones(target.shape)
    for key, out in (('decode', own), ('correlation', by_correlation['labeled'])):
        value = 0.7 * mean_loss(out, target, sure, never, 0)
        assert losses[f'{key}.loss_ce'].item() == pytest.approx(value, rel=1e-3), key


def test_constants_of_the_paper(build_tiny):
    semi = build(build_tiny).semi
    assert (semi.sup_weight, semi.unsup_weight) == (0.5 / 2, 0.25 / 2)
    default = build_tiny(dict(type='CorrMatch', in_channels=4)).semi
    assert default.global_threshold.item() == pytest.approx(0.85)
    assert (default.threshold_momentum, default.num_samples, default.channels) == (0.001, 128, 256)


def test_the_threshold_is_resumed(build_tiny):
    model = build(build_tiny, threshold_momentum=0.5)
    model.loss(*make_batch())
    saved = {k: v.clone() for k, v in model.state_dict().items()}
    other = build(build_tiny)
    assert other.semi.global_threshold != model.semi.global_threshold
    other.load_state_dict(saved)
    assert other.semi.global_threshold == saved['semi.global_threshold']
    assert other.semi.global_threshold == model.semi.global_threshold


def test_padding_and_broken_images_leave_the_threshold(build_tiny):
    model = build(build_tiny, threshold_momentum=0.5)
    before = model.semi.global_threshold.clone()
    views, of_view = make_batch()
    for sample in of_view['weak']:
        sample.gt_sem_seg.data.fill_(255)
    model.loss(views, of_view)
    assert model.semi.global_threshold == before
    views['weak'].fill_(float('nan'))
    model.loss(views, make_batch()[1])
    assert model.semi.global_threshold == before


def test_processes_without_a_class_do_not_count(build_tiny, monkeypatch):
    """The mean over three processes, of which one has only padding."""
    model = build(build_tiny, threshold=0.5, threshold_momentum=0.25)
    own = []

    def all_reduce(x):
        own.append(x[0].item())
        x += torch.tensor([0.3, 1.0])  # of the second; the third brings zeros

    monkeypatch.setattr(module, 'all_reduce', all_reduce)
    model.loss(*make_batch())
    expected = 0.5 + 0.25 * ((own[0] + 0.3) / 2 - 0.5)
    assert model.semi.global_threshold.item() == pytest.approx(expected)


def test_blocked_pixels_stay_blocked(build_tiny):
    teacher = dict(TEACHER, views=['identity', 'hflip'])
    im = dict(type='InconsistencyMask')
    model = build(build_tiny, threshold=0.0, teachers=[teacher], im=im)
    model.loss(*make_batch())
    pseudo = model.semi.last_pseudo
    blocked = pseudo.inconsistent & pseudo.valid
    assert blocked.any() and (pseudo.label[blocked] == 255).all()
    assert not pseudo.carries_loss()[blocked].any()


@pytest.mark.parametrize('options', [
    dict(label_space='binary', num_classes=2, out_channels=1, threshold=0.5),
    dict(label_space='multilabel', num_classes=3),
])  # fmt: skip
def test_other_label_spaces_are_refused(build_tiny, options):
    with pytest.raises(ValueError, match="CorrMatch .* needs label_space='multiclass'"):
        build_tiny(METHODS['corrmatch'], **options)


def test_a_cascade_is_refused(build_tiny):
    student = build_tiny()
    student.decode_head = torch.nn.ModuleList([student.decode_head])
    with pytest.raises(ValueError, match='a cascade of decode heads does not allow'):
        build(build_tiny).semi.bind(student)


def test_wrong_channels_are_named(build_tiny):
    model = build(build_tiny, in_channels=5)
    with pytest.raises(ValueError, match='in_channels=5, but map 0 of the backbone has 8'):
        model.loss(*make_batch())
