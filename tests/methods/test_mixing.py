# SPDX-License-Identifier: Apache-2.0
"""CutMix: the law of the boxes, and that everything is pasted alike."""

import numpy as np
import pytest
import torch

from mmseg_im.methods.mixing import (
    box_mask,
    centred_boxes,
    neighbour,
    sample_boxes,
    several_box_mask,
    several_boxes,
)

pytestmark = pytest.mark.fast


def test_boxes_lie_inside_and_follow_the_published_ranges():
    boxes = sample_boxes(4000, (120, 120), prob=1.0).double().numpy()
    top, left, bottom, right = boxes.T
    assert (top >= 0).all() and (left >= 0).all()
    assert (bottom <= 120).all() and (right <= 120).all()
    height, width = bottom - top, right - left
    assert (height > 0).all() and (width > 0).all()
    share = height * width / 120**2
    # Sides are cut to whole pixels, so a box is up to a row and a column smaller.
    assert share.max() <= 0.4
    assert ((height + 1) * (width + 1) / 120**2).min() >= 0.02
    assert ((height + 1) / width).max() >= 2 and (height / width).min() <= 0.5
    # The area is drawn once and kept while the corner is redrawn: it stays uniform.
    assert abs(share.mean() - 0.21) < 0.02
    assert abs(np.mean(share < 0.21) - 0.5) < 0.05


def test_probability_and_reproducibility():
    boxes = sample_boxes(4000, (64, 96), prob=0.5)
    empty = (boxes == 0).all(dim=1)
    assert abs(empty.float().mean() - 0.5) < 0.05
    assert (sample_boxes(50, (64, 96), prob=0.0) == 0).all()
    one, other = (
        sample_boxes(9, (64, 96), generator=torch.Generator().manual_seed(5)) for _ in range(2)
    )
    assert torch.equal(one, other)


def test_no_box_fits_in_one_pixel():
    assert box_mask(sample_boxes(8, (1, 1), prob=1.0), (1, 1)).sum() == 0


def test_paste_is_the_loop_over_images():
    boxes = sample_boxes(5, (20, 30), prob=1.0)
    x = torch.randint(255, (5, 2, 20, 30), dtype=torch.uint8)
    expected = x.numpy().copy()
    for i, (top, left, bottom, right) in enumerate(boxes.tolist()):
        partner = x.numpy()[i - 1]
        expected[i, :, top:bottom, left:right] = partner[:, top:bottom, left:right]
    result = torch.where(box_mask(boxes, (20, 30)), neighbour(x), x)
    assert result.dtype == x.dtype
    np.testing.assert_array_equal(result.numpy(), expected)


def test_a_batch_of_one_stays_as_it_is():
    x = torch.randn(1, 3, 8, 8)
    assert torch.equal(neighbour(x), x)


def test_centred_boxes():
    boxes = centred_boxes(4000, (80, 120), side=0.5, margin=8).numpy()
    top, left, bottom, right = boxes.T
    assert top.min() == 0 and left.min() == 0 and bottom.max() == 80 and right.max() == 120
    for low, high, length in ((top, bottom, 80), (left, right, 120)):
        whole = (low > 0) & (high < length)
        half = length // 4
        assert ((high - low)[whole] == 2 * half).all()
        centre = (low + half)[whole]
        assert centre.min() > half and centre.max() < length - half
        # the first centre is at an eighth of the side, so that the low border is cut less often
        assert (high - low).min() == half + 1
        assert (low == 0).mean() < (high == length).mean()


def test_boxes_of_cps():
    """Three boxes inside the image that together have a quarter to a half of its area."""
    height, width = 240, 320
    boxes = several_boxes(400, (height, width)).numpy()
    top, left, bottom, right = (boxes[..., i] for i in range(4))
    assert (top >= 0).all() and (left >= 0).all() and (bottom <= height).all()
    assert (right <= width).all() and (bottom > top).all() and (right > left).all()
    areas = (bottom - top) * (right - left) / (height * width)
    assert 0.25 / 3 - 0.005 < areas.min() < 0.1 and 0.15 < areas.max() < 0.5 / 3 + 0.005
    assert ((bottom - top) / (right - left)).std() > 0.5  # of every shape


def test_mask_of_cps(monkeypatch):
    """Overlapping boxes cancel; what lies in an odd number of them stays."""
    image = torch.zeros(2, 3, 5, 6)
    one = torch.tensor([[0, 0, 3, 3], [2, 2, 5, 6], [0, 0, 1, 1]])
    monkeypatch.setattr('mmseg_im.methods.mixing.several_boxes', lambda *_: one.expand(2, 3, 4))
    counts = np.zeros((5, 6), int)
    for a, b, c, d in one.tolist():
        counts[a:c, b:d] += 1
    mask = several_box_mask(image, 1.0)
    assert np.array_equal(mask[1, 0].numpy(), counts % 2 == 0)
    assert not several_box_mask(image, 0.0).any()
