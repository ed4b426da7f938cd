# SPDX-License-Identifier: Apache-2.0
"""Masks find their images by name, and those that could belong to two are refused."""

from pathlib import Path

import pytest

from mmseg_im.errors import UserError
from mmseg_im.own_data.folders import renamed


def masks(*names: str) -> dict[str, list[Path]]:
    return {name: [Path(f'{name}.png')] for name in names}


def test_a_mask_belongs_to_the_longest_name():
    names = {f'frame{i}' for i in range(1, 41)}
    found = masks('frame10_mask', 'frame20_mask', 'frame30_mask', 'frame40_mask')
    reasons: list[str] = []
    result = renamed(found, names, reasons)
    assert result == {f'frame{i}': found[f'frame{i}_mask'] for i in (10, 20, 30, 40)}
    assert "its image and '_mask', because that holds for 4 of 4" in reasons[0]


def test_a_number_is_not_cut():
    found = masks('frame10_mask', 'frame20_mask')
    assert renamed(found, {'frame1', 'frame2'}, []) == found


def test_an_image_whose_name_begins_like_the_tail():
    found = masks('a_mask', 'b_mask', 'c_mask')
    result = renamed(found, {'a', 'a_m', 'b', 'c'}, [])
    assert list(result) == ['a', 'b', 'c']


def test_two_tails_are_refused():
    with pytest.raises(UserError, match="image and '_cell', and as many as their image and '_nuc'"):
        renamed(masks('a_cell', 'a_nuc', 'b_cell', 'b_nuc'), {'a', 'b'}, [])
