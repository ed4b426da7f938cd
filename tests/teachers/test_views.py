# SPDX-License-Identifier: Apache-2.0
"""Views of a teacher are undone pixel for pixel."""

import pytest
import torch

from mmseg_im.teachers.views import parse_view

pytestmark = pytest.mark.fast


@pytest.mark.parametrize('name', ['identity', 'hflip', 'vflip'])
def test_flips_are_undone_exactly(name):
    x = torch.randn(2, 3, 5, 7)
    view = parse_view(name)
    assert torch.equal(view.undo(view.apply(x), (5, 7)), x)
    moved = dict(identity=x, hflip=x.flip(3), vflip=x.flip(2))[name]
    assert torch.equal(view.apply(x), moved)


@pytest.mark.parametrize('scale', ['scale0.5', 'scale0.75', 'scale1.5'])
def test_scales_come_back_to_their_place(scale):
    """A smooth ramp survives the round trip; a shift by a pixel would not."""
    rows = torch.linspace(0, 1, 48).view(1, 1, -1, 1).expand(1, 1, 48, 64)
    view = parse_view(scale, size_divisor=16)
    small = view.apply(rows)
    assert all(side % 16 == 0 for side in small.shape[2:])
    back = view.undo(small, (48, 64))
    assert back.shape == rows.shape
    assert (back - rows)[:, :, 4:-4].abs().max() < 0.2 / 48


@pytest.mark.parametrize('name', ['rot90', 'scale', 'scale0', 'scale-1', ''])
def test_unknown_views_are_named(name):
    with pytest.raises(ValueError, match=f"'{name}' is no view"):
        parse_view(name)
