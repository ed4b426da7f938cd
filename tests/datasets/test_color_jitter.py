# SPDX-License-Identifier: Apache-2.0
"""``ColorJitter`` against torchvision's formulas, in NumPy and float64."""

import colorsys
import itertools

import numpy as np
import pytest

from mmseg_im.datasets.seeded import seeded
from mmseg_im.datasets.transforms import ColorJitter
from tests.datasets.random_images import SIZES, apply, assert_near, noise

pytestmark = pytest.mark.fast

STRENGTHS = dict(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.25)
NAMES = tuple(STRENGTHS)
SEEDS = range(8)


def gray(image: np.ndarray) -> np.ndarray:
    return (image @ [0.114, 0.587, 0.299])[..., None]


def turn_hue(image: np.ndarray, shift: float) -> np.ndarray:
    def turn(b: float, g: float, r: float) -> tuple:
        h, s, v = colorsys.rgb_to_hsv(r / 255, g / 255, b / 255)
        return tuple(255 * x for x in colorsys.hsv_to_rgb((h + shift) % 1, s, v)[::-1])

    return np.array([turn(*pixel) for pixel in image.reshape(-1, 3)]).reshape(image.shape)


# torchvision.transforms.functional: every adjust_* is a blend of the image with something,
# f * img + (1 - f) * other, clamped; adjust_hue adds to H of HSV
REFERENCE = dict(
    brightness=lambda img, f: np.clip(f * img, 0, 255),
    contrast=lambda img, f: np.clip(f * img + (1 - f) * gray(img).mean(), 0, 255),
    saturation=lambda img, f: np.clip(f * img + (1 - f) * gray(img), 0, 255),
    hue=turn_hue,
)


def only(name: str, strength: float) -> ColorJitter:
    return ColorJitter(**dict.fromkeys(NAMES, 0) | {name: strength})


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('name', NAMES)
def test_jitter_of_one_kind(name, seed):
    jitter, image = only(name, 0.5), noise(seed=seed)
    with seeded(seed):
        _, factors = jitter._draw()
    with seeded(seed):
        result = apply(jitter, image)
    factor = factors[NAMES.index(name)]
    expected = REFERENCE[name](image.astype(float), factor)
    assert np.abs(expected - image).mean() > 0.5, 'the draw is too weak to test anything'
    assert_near(result, expected, levels=2)


@pytest.mark.parametrize('size', SIZES)
def test_jitter_without_strength_changes_nothing(size):
    # nor does the way to HSV and back: every colour of a coarse cube comes back
    cube = np.array(list(itertools.product(range(0, 256, 17), repeat=3)), np.uint8)
    for image in (noise(size), cube.reshape(64, 64, 3)):
        np.testing.assert_array_equal(apply(ColorJitter(**dict.fromkeys(NAMES, 0)), image), image)


def test_jitter_keeps_gray_under_saturation_and_hue():
    image = np.repeat(noise()[..., :1], 3, axis=-1)
    for seed in SEEDS:
        with seeded(seed):
            assert_near(apply(only('saturation', 0.9), image), image, levels=1)
            assert_near(apply(only('hue', 0.5), image), image, levels=0)


@pytest.mark.parametrize('size', SIZES)
def test_jitter_of_any_size(size):
    for seed in SEEDS:
        with seeded(seed):
            apply(ColorJitter(**STRENGTHS), noise(size))


def test_order_is_random():
    jitter = ColorJitter()
    with seeded(0):
        orders = {tuple(jitter._draw()[0].tolist()) for _ in range(400)}
    assert orders == set(itertools.permutations(range(4)))


def test_factors_stay_in_range_and_fill_it():
    jitter = ColorJitter(brightness=0.5, contrast=1.5, saturation=0.25, hue=0.125)
    with seeded(0):
        factors = np.array([jitter._draw()[1] for _ in range(600)])
    low, high = np.array([0.5, 0, 0.75, -0.125]), np.array([1.5, 2.5, 1.25, 0.125])
    assert (factors >= low).all() and (factors <= high).all()
    margin = 0.02 * (high - low)
    assert (factors.min(0) < low + margin).all() and (factors.max(0) > high - margin).all()


def test_drawn_order_is_applied(monkeypatch):
    factors = [1.5, 1.5, 1.5, 0.2]
    image = np.random.default_rng(0).integers(0, 256, (15, 22, 3), np.uint8)
    results, expected, draws = [], [], []
    for order in itertools.permutations(range(4)):
        jitter = ColorJitter()

        def draw(order=order):
            draws.append(order)
            return np.array(order), factors

        monkeypatch.setattr(jitter, '_draw', draw)
        results.append(apply(jitter, image))
        expected.append(image.astype(float))
        for i in order:
            expected[-1] = REFERENCE[NAMES[i]](expected[-1], factors[i])
    assert draws == list(itertools.permutations(range(4)))  # once for each image
    # every step rounds, and the steps after it enlarge that by up to 1.5
    np.testing.assert_allclose(np.float64(results), expected, rtol=0, atol=6)
    for one, other in itertools.combinations(expected, 2):
        assert np.abs(one - other).max() > 12, 'the orders cannot be told apart'


@pytest.mark.parametrize(
    'wrong',
    [
        dict(brightness=-0.1),
        dict(contrast=-1),
        dict(saturation=-0.5),
        dict(hue=-0.1),
        dict(hue=0.6),
    ],
    ids=str,
)
def test_jitter_refuses(wrong):
    with pytest.raises(ValueError, match=f'ColorJitter.*{next(iter(wrong.values()))}'):
        ColorJitter(**wrong)
