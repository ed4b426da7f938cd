# SPDX-License-Identifier: Apache-2.0
"""Correlation, regions and the adaptive confidence of CorrMatch, against loops in float64."""

import numpy as np
import pytest
import torch

from mmseg_im.methods.correlation import (
    Correlation,
    best_confidence,
    correlated,
    regions_of,
    rows_of_map,
    spread_labels,
)

pytestmark = pytest.mark.fast


def array(x) -> np.ndarray:
    return x.detach().double().numpy()


def map_of(query, key):
    """softmax(query key^T / sqrt(C)) over the positions of the keys, row by row."""
    out = np.zeros((len(query), query.shape[1], key.shape[1]))
    for n, i in np.ndindex(*out.shape[:2]):
        score = key[n] @ query[n, i] / np.sqrt(query.shape[2])
        e = np.exp(score - score.max())
        out[n, i] = e / e.sum()
    return out


def regions_by_loops(rows, valid):
    out = np.zeros(rows.shape, bool)
    for n, p in np.ndindex(*rows.shape[:2]):
        inside = rows[n, p][valid[n]]
        if len(inside) and inside.max() > inside.min():
            scaled = (rows[n, p] - inside.min()) / (inside.max() - inside.min())
            out[n, p] = (scaled > 0.5) & valid[n]
    return out


def spread_by_loops(region, label, conf, tau, classes):
    """Label and confidence where a region was taken, and whether one was."""
    value, best = np.full(label.shape, -1.0), np.full(label.shape, -1)
    for n, p in np.ndindex(*region.shape[:2]):
        places = np.flatnonzero(region[n, p])
        if not len(places):
            continue
        sure = [q for q in places if label[n, q] < 255 and conf[n, q] >= tau]
        counts = [sum(label[n, q] == c for q in places) for c in range(classes)]
        if len(sure) / len(places) <= tau or max(counts) / len(places) <= tau:
            continue
        mean = sum(conf[n, q] for q in sure) / len(sure)
        for q in places:
            if mean > value[n, q]:
                value[n, q], best[n, q] = mean, int(np.argmax(counts))
    return best, value, value >= 0


def best_by_loops(label, conf, classes):
    found = [conf[label == c].max() for c in range(classes) if (label == c).any()]
    return (sum(found) / len(found) if found else 0.0), len(found)


@pytest.mark.parametrize('size', [(3, 5), (1, 1)])
def test_correlation(size):
    head = Correlation(in_channels=6, channels=5, num_classes=4)
    features, logits = torch.randn(2, 6, *size), torch.randn(2, 4, *size)
    query, key = head(features)
    weight = {name: array(v) for name, v in head.named_parameters()}
    weight = {name: v[..., 0, 0] if v.ndim > 1 else v for name, v in weight.items()}
    x = array(features).reshape(2, 6, -1).transpose(0, 2, 1)
    x = np.maximum(x @ weight['reduce.weight'].T + weight['reduce.bias'], 0)
    for name, found in (('query', query), ('key', key)):
        expected = x @ weight[f'{name}.weight'].T + weight[f'{name}.bias']
        np.testing.assert_allclose(array(found), expected, atol=1e-5)
    whole = map_of(array(query), array(key))
    np.testing.assert_allclose(whole.sum(2), 1)
    places = torch.randint(size[0] * size[1], (2, 7))
    rows = array(rows_of_map(query, key, places))
    expected = np.stack([whole[n, places[n]] for n in range(2)])
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    values = array(logits).reshape(2, 4, -1)
    expected = np.einsum('nij,ncj->nci', whole, values).reshape(2, 4, *size)
    np.testing.assert_allclose(array(correlated(query, key, logits)), expected, atol=1e-5)


@pytest.mark.parametrize('share', [1.0, 0.6, 0.0])
def test_regions(share):
    rows = torch.randn(3, 8, 40).softmax(2)
    rows[0, 0] = 1 / 40  # constant
    valid = torch.rand(3, 40) < share
    found = regions_of(rows, valid).numpy()
    assert np.array_equal(found, regions_by_loops(array(rows), valid.numpy()))
    assert not found[0, 0].any() and (found.any() or not share)


def test_the_region_of_a_single_position_is_empty():
    assert not regions_of(torch.ones(2, 3, 1), torch.ones(2, 1, dtype=torch.bool)).any()


CASES = dict(
    random=dict(),
    one_class=dict(classes=1),
    nobody_is_sure=dict(tau=1.01, taken=False),
    all_blocked=dict(blocked=1.0, taken=False),
    single_position=dict(places=1),
    no_region=dict(inside=0.0, taken=False),
    everywhere=dict(inside=1.0, tau=0.3),
)


@pytest.mark.parametrize('case', list(CASES))
def test_spread_labels(case):
    """Two of three pixels have the most frequent class, so that some regions are taken."""
    options = dict(classes=3, tau=0.61, blocked=0.1, places=12, inside=0.4, taken=True)
    options.update(CASES[case])
    shape = (4, options['places'])
    label = torch.where(torch.rand(shape) < 0.6, 0, torch.randint(options['classes'], shape))
    label[torch.rand(shape) < options['blocked']] = 255
    conf = 0.5 + 0.5 * torch.rand(shape)
    region = torch.rand(4, 9, shape[1]) < options['inside']
    found = spread_labels(region, label, conf, torch.tensor(options['tau']), options['classes'])
    expected = spread_by_loops(
        region.numpy(), label.numpy(), array(conf), options['tau'], options['classes']
    )
    reached = expected[2]
    assert np.array_equal(found[2].numpy(), reached) and reached.any() == options['taken']
    assert np.array_equal(found[0].numpy()[reached], expected[0][reached])
    np.testing.assert_allclose(array(found[1])[reached], expected[1][reached], rtol=1e-5)


@pytest.mark.parametrize('known', [1.0, 0.5, 0.0])
@pytest.mark.parametrize('classes', [5, 1])
def test_best_confidence(classes, known):
    label = torch.randint(max(classes - 1, 1), (2, 1, 6, 7))  # one class is not predicted
    label[torch.rand(label.shape) >= known] = 255
    conf = 0.1 + 0.9 * torch.rand(label.shape)
    mean, number = best_confidence(label.to(torch.uint8), conf, classes)
    expected, count = best_by_loops(label.numpy(), array(conf), classes)
    assert mean.item() == pytest.approx(expected) and number == count
