# SPDX-License-Identifier: Apache-2.0
"""The operations of iMAS and AugSeg against their definitions in NumPy."""

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_im.datasets.transforms.random_operations import OPERATIONS, RandomOperations


def image(seed=0, size=(13, 17)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def apply(monkeypatch, name, u, img, **options):
    transform = RandomOperations(**options)
    monkeypatch.setattr(transform, '_draw', lambda: [(name, u)])
    return transform.transform(dict(img=img.copy()))['img']


def gray(img):
    """ITU-R 601 luma of a BGR image, as PIL rounds it."""
    b, g, r = (img[..., i].astype(np.int64) for i in range(3))
    return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16


def blend(img, degenerate, factor):
    return np.clip(degenerate + factor * (img.astype(np.float64) - degenerate), 0, 255)


EXPECTED = dict(
    identity=lambda x, s: x,
    invert=lambda x, s: 255 - x,
    brightness=lambda x, s: blend(x, 0, s),
    color=lambda x, s: blend(x, gray(x)[..., None], s),
    contrast=lambda x, s: blend(x, int(gray(x).mean() + 0.5), s),
    posterize=lambda x, s: x & (256 - 2 ** (8 - int(s))),
    solarize=lambda x, s: np.where(x < int(s), x, 255 - x),
)


@pytest.mark.parametrize('u', [0.0, 0.31, 0.77, 0.999])
@pytest.mark.parametrize('name', EXPECTED)
def test_definitions(monkeypatch, name, u):
    img = image()
    strength = OPERATIONS[name][1]
    s = 0.1 + 0.85 * u if strength is None else strength(u)
    found = apply(monkeypatch, name, u, img)
    expected = EXPECTED[name](img, s)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(float) - expected).max() <= 1.0


def test_autocontrast_and_equalize_use_the_whole_range(monkeypatch):
    img = (60 + image(size=(64, 64)) // 4).astype(np.uint8)
    for name in ('autocontrast', 'equalize'):
        found = apply(monkeypatch, name, 0.0, img)
        assert (found.min(axis=(0, 1)) == 0).all() and (found.max(axis=(0, 1)) == 255).all()


def test_strengths_of_the_papers():
    posterize = {OPERATIONS['posterize'][1](u) for u in np.linspace(0, 0.999, 400)}
    assert posterize == {4, 5, 6, 7}
    solarize = [int(OPERATIONS['solarize'][1](u)) for u in (0.0, 0.999)]
    assert solarize == [1, 255]
    assert OPERATIONS['hue'][1](0.0) == -0.5 and OPERATIONS['blur'][1](1.0) == pytest.approx(2.0)


def test_what_is_drawn():
    np.random.seed(0)
    imas, augseg = (
        TRANSFORMS.build(dict(type='RandomOperations', **options))
        for options in (dict(), dict(num=(1, 3), factors=(0.05, 0.95), exclude=['invert']))
    )
    draws = [imas._draw() for _ in range(2000)]
    assert {len(d) for d in draws} == {2}
    names = [name for d in draws for name, _ in d]
    counts = np.array([names.count(name) for name in OPERATIONS])
    assert len(OPERATIONS) == 12 and (abs(counts / len(names) - 1 / 12) < 0.02).all()
    assert any(a == b for (a, _), (b, _) in draws)  # with replacement
    draws = [augseg._draw() for _ in range(2000)]
    lengths = np.bincount([len(d) for d in draws])
    assert (abs(lengths[1:] / 2000 - 1 / 3) < 0.05).all() and lengths[0] == 0
    assert len({name for d in draws for name, _ in d}) == 11


@pytest.mark.parametrize('size', [(1, 1), (1, 7), (31, 2)])
def test_any_size(size):
    np.random.seed(1)
    transform = RandomOperations(num=(1, 3))
    for seed in range(30):
        found = transform.transform(dict(img=image(seed, size)))['img']
        assert found.shape == (*size, 3) and found.dtype == np.uint8


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(exclude=['shear']), "'shear' is none of identity, autocontrast"),
        (dict(num=(0, 2)), r'num=\(0, 2\)'),
        (dict(factors=(0.5, 1.9)), r'factors=\(0.5, 1.9\)'),
    ],
)
def test_impossible_options(options, match):
    with pytest.raises(ValueError, match=match):
        RandomOperations(**options)
