# SPDX-License-Identifier: Apache-2.0
"""Erosion and dilation against OpenCV, and growing labels."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_im.inconsistency.morphology import dilate, erode, grow

pytestmark = pytest.mark.fast

QUICK = settings(max_examples=60, deadline=None)


def masks():
    shape = st.tuples(st.just(1), st.just(1), st.integers(1, 12), st.integers(1, 15))
    return shape.flatmap(lambda s: hnp.arrays(np.bool_, s))


@QUICK
@given(masks(), st.integers(0, 6))
def test_morphology_is_opencvs(mask, kernel):
    square = np.ones((kernel, kernel), np.uint8)
    for ours, theirs in ((erode, cv2.erode), (dilate, cv2.dilate)):
        expected = mask[0, 0].astype(np.uint8)
        if kernel > 1:
            expected = theirs(expected, square)
        result = ours(torch.from_numpy(mask), kernel)[0, 0]
        np.testing.assert_array_equal(result.numpy(), expected > 0)


@pytest.mark.parametrize('value', [False, True])
@pytest.mark.parametrize('size', [(1, 1), (1, 9), (8, 3)])
def test_morphology_of_empty_and_full_masks(value, size):
    mask = torch.full((1, 1, *size), value)
    assert torch.equal(erode(mask, 3), mask) and torch.equal(dilate(mask, 3), mask)


def test_grow_takes_the_largest_neighbouring_class():
    label = torch.tensor([[[[1, 255, 255, 2, 255, 255, 255]]]], dtype=torch.uint8)
    target = torch.tensor([[[[False, True, True, False, True, True, False]]]])
    once = grow(label, target, steps=1)
    assert once.flatten().tolist() == [1, 1, 2, 2, 2, 255, 255]
    assert grow(label, target, steps=2).flatten().tolist() == [1, 1, 2, 2, 2, 2, 255]
