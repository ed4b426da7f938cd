# SPDX-License-Identifier: Apache-2.0
"""Soft edges between grays, and colours a level apart, make no classes."""

from pathlib import Path

import pytest

from mmseg_im.errors import UserError
from mmseg_im.own_data.colours import blends_of
from mmseg_im.own_data.masks import MaskFile
from mmseg_im.own_data.scheme import scheme_of_masks


def masks_of(counts: dict[int, int], coloured: bool) -> list[MaskFile]:
    return [MaskFile(Path(f'{i}.png'), (100, 100), coloured, counts) for i in range(4)]


def test_grays_with_soft_edges_are_refused():
    between = dict.fromkeys([*range(20, 81, 4), *range(120, 181, 4)], 5)
    masks = masks_of({0: 7000, 100: 1500, 200: 1000, **between}, coloured=False)
    said = r'\d+ values, .*main values are 0 \(.*, 100 \(.*, 200 \(.*--snap-.*NAME=VALUE'
    with pytest.raises(UserError, match=said):
        scheme_of_masks(masks)
    found = scheme_of_masks(masks, snap_colours=True)
    assert found.codes == (0, 0x646464, 0xC8C8C8)


def test_rare_class_ids_are_no_soft_edges():
    ids = {0: 5000, 1: 2000, 2: 2000, 30: 50, 60: 40, 90: 30, 120: 20, 150: 900}
    assert scheme_of_masks(masks_of(ids, coloured=False)).codes == tuple(ids)


def test_a_frequent_colour_close_to_a_main_one_is_none_itself():
    line = {value << 16: 10 for value in range(40, 220, 20)}
    counts = {0: 7000, 0x000100: 300, 0xFF0000: 2500, **line}
    masks = masks_of(counts, coloured=True)
    assert blends_of(masks) == {0x000100, *line}
    assert 0x000100 not in blends_of(masks, {0x000100})  # where it is named
    found = scheme_of_masks(masks, snap_colours=True)
    assert found.codes == (0, 0xFF0000) and found.class_of[0x000100] == 0
