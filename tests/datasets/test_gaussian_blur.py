# SPDX-License-Identifier: Apache-2.0
"""``GaussianBlur`` against a convolution in NumPy and float64."""

import numpy as np
import pytest

from mmseg_im.datasets.seeded import seeded
from mmseg_im.datasets.transforms import GaussianBlur
from tests.datasets.random_images import SIZES, apply, assert_near, noise

pytestmark = pytest.mark.fast

SEEDS = range(8)


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Convolution with a Gaussian that is cut at 5 sigma, mirrored at the border."""
    radius = int(np.ceil(5 * sigma))
    kernel = np.exp(-np.square(np.arange(-radius, radius + 1) / sigma) / 2)
    kernel /= kernel.sum()
    out = image.astype(float)
    for axis in (0, 1):
        widths = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
        out = np.pad(out, widths, mode='reflect')
        windows = np.lib.stride_tricks.sliding_window_view(out, len(kernel), axis)
        out = windows @ kernel
    return out


@pytest.mark.parametrize('seed', SEEDS)
def test_blur_with_the_drawn_sigma(seed):
    blur, image = GaussianBlur((0.4, 2.0)), noise()
    with seeded(seed):
        sigma = blur._draw()
    with seeded(seed):
        result = apply(blur, image)
    assert np.abs(result.astype(float) - image).max() > 10
    assert_near(result, blurred(image, sigma), levels=2)


def test_blur_draws_over_its_range():
    blur = GaussianBlur()
    with seeded(0):
        sigmas = [blur._draw() for _ in range(500)]
    assert 0.1 <= min(sigmas) < 0.12 and 1.98 < max(sigmas) <= 2.0


@pytest.mark.parametrize('sigma', [0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize('size', SIZES)
def test_blur_leaves_a_constant_image(size, sigma):
    image = np.full((*size, 3), [3, 128, 255], np.uint8)
    np.testing.assert_array_equal(apply(GaussianBlur((sigma, sigma)), image), image)


@pytest.mark.parametrize('size', SIZES)
def test_blur_of_any_size(size):
    image = noise(size)
    assert_near(apply(GaussianBlur((1.5, 1.5)), image), blurred(image, 1.5), levels=2)


@pytest.mark.parametrize('sigma', [(0, 1), (-1, 1), (2, 1)], ids=str)
def test_blur_refuses(sigma):
    with pytest.raises(ValueError, match='GaussianBlur.sigma='):
        GaussianBlur(sigma)
