# SPDX-License-Identifier: Apache-2.0
"""The default palette: neighbouring classes are told apart."""

import colorsys
from itertools import pairwise

import pytest

from mmseg_im.own_data.scheme import palette_for


@pytest.mark.parametrize('count', range(1, 30))
def test_neighbours_differ_and_no_colour_is_twice(count):
    palette = palette_for(count)
    assert len(palette) == len(set(palette)) == count
    hues = [colorsys.rgb_to_hsv(*colour)[0] for colour in palette[1:]]
    for one, other in pairwise(hues):
        apart = abs(one - other)
        assert min(apart, 1 - apart) >= 0.24  # of the circle of hues
