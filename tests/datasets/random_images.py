# SPDX-License-Identifier: Apache-2.0
"""Random images for the tests of transforms, and how two of them are compared."""

import numpy as np

SIZES = [(1, 1), (1, 6), (5, 1), (4, 1), (7, 13), (13, 8)]


def noise(size=(15, 22), seed=0) -> np.ndarray:
    """BGR image (H, W, 3) uint8 whose channels differ in their mean."""
    high = np.array([90, 256, 180])
    return np.random.default_rng(seed).integers(0, high, (*size, 3)).astype(np.uint8)


def apply(transform, image: np.ndarray) -> np.ndarray:
    """Transforms an image, which must stay as it was."""
    before = image.copy()
    result = transform(dict(img=image))['img']
    assert result.dtype == np.uint8 and result.shape == image.shape
    np.testing.assert_array_equal(image, before)
    return result


def assert_near(result: np.ndarray, expected: np.ndarray, levels: float) -> None:
    """Asserts that two images differ by no more than some gray levels anywhere."""
    np.testing.assert_allclose(result.astype(float), expected, rtol=0, atol=levels)
