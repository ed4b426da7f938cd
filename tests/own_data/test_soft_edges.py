# SPDX-License-Identifier: Apache-2.0
"""Soft edges make no classes and hide none: between grays and colours, thin and thick."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_im.errors import UserError
from mmseg_im.own_data.colours import soft_edges
from mmseg_im.own_data.layers import inspect_layers
from mmseg_im.own_data.masks import MaskFile, inspect_mask
from mmseg_im.own_data.scheme import scheme_of_masks
from tests.own_data.conftest import save

RED, GREEN, BLUE = 0xFF0000, 0x00FF00, 0x0000FF


def masks_of(
    counts: dict[int, int], coloured: bool, areas: set[int], soft: bool = True
) -> list[MaskFile]:
    """Masks in which all other codes than ``areas`` are seen at edges alone, soft or not."""
    edges = {code: count for code, count in counts.items() if code not in areas}
    return [
        MaskFile(
            Path(f'{i}.png'),
            (100, 100),
            coloured,
            counts,
            edges=edges,
            slopes=edges if soft else {},
        )
        for i in range(4)
    ]


def drawn(tmp_path, draw, shape=(256, 384, 3), how=Image.Resampling.BILINEAR, count=6, scale=4):
    """Inspected masks that were drawn large and made smaller."""
    masks = []
    for i in range(count):
        mask = np.zeros(shape, np.uint8)
        draw(mask, np.random.default_rng(i))
        size = mask.shape[1] // scale, mask.shape[0] // scale
        pixels = np.array(Image.fromarray(mask).resize(size, how))
        masks.append(inspect_mask(save(tmp_path / f'{i}.png', pixels)))
    return masks


def spots(*colours, radius=8):
    """Draws a small disc of each colour, far from the others."""

    def draw(mask, rng):
        for i, colour in enumerate(colours):
            y, x = int(rng.integers(20, 230)), 60 + 110 * i + int(rng.integers(0, 40))
            cv2.circle(mask, (x, y), radius, colour, -1)

    return draw


def cracks(mask, rng):
    """Draws thin white lines."""
    points = rng.integers(0, 250, (8, 2)).tolist()
    for a, b in pairwise(points):
        cv2.line(mask, a, b, 255, 3)


def test_grays_with_soft_edges_are_refused():
    between = dict.fromkeys([*range(20, 81, 4), *range(120, 181, 4)], 5)
    counts = {0: 7000, 100: 1500, 200: 1000, **between}
    masks = masks_of(counts, coloured=False, areas={0, 100, 200})
    said = r'\d+ values, .*main values, .* are 0 \(.*, 100 \(.*, 200 \(.*--snap-.*NAME=VALUE'
    with pytest.raises(UserError, match=said):
        scheme_of_masks(masks)
    found = scheme_of_masks(masks, snap_colours=True)
    assert found.codes == (0, 0x646464, 0xC8C8C8)


def test_rare_class_ids_are_no_soft_edges():
    ids = {0: 5000, 1: 2000, 2: 2000, 30: 50, 60: 40, 90: 30, 120: 20, 150: 900}
    for areas in ({*ids}, {0}):
        masks = masks_of(ids, coloured=False, areas=areas, soft=False)
        assert scheme_of_masks(masks).codes == tuple(ids)


def test_a_frequent_colour_close_to_a_main_one_is_none_itself():
    line = {value << 16: 10 for value in range(40, 220, 20)}
    counts = {0: 7000, 0x000100: 300, RED: 2500, **line}
    masks = masks_of(counts, coloured=True, areas={0, RED, 0x000100})
    assert soft_edges(masks).blends == {0x000100, *line}
    assert 0x000100 not in soft_edges(masks, {0x000100}).blends  # where it is named
    found = scheme_of_masks(masks, snap_colours=True)
    assert found.codes == (0, RED) and found.class_of[0x000100] == 0


def test_small_objects_of_three_colours_are_all_main_ones(tmp_path):
    """Their blends are more frequent than they are, which hides none of them."""
    masks = drawn(tmp_path, spots((255, 0, 0), (0, 255, 0), (0, 0, 255)))
    total = sum(sum(mask.counts.values()) for mask in masks)
    assert all(sum(mask.counts.get(c, 0) for mask in masks) < 0.01 * total
               for c in (RED, GREEN, BLUE))  # fmt: skip
    with pytest.raises(UserError) as error:
        scheme_of_masks(masks)
    assert all(text in str(error.value) for text in ('#ff0000', '#00ff00', '#0000ff', '#000000'))
    found = scheme_of_masks(masks, snap_colours=True)
    assert found.codes == (0, BLUE, GREEN, RED)


def test_a_sharp_filter_swings_beyond_thin_objects(tmp_path):
    """No pixel has the colour that was drawn in an area: one class all the same."""

    def draw(mask, rng):
        mask[:] = 255
        spots((200, 30, 60), radius=6)(mask, rng)

    masks = drawn(tmp_path, draw, how=Image.Resampling.LANCZOS)
    with pytest.raises(UserError, match='--snap-colours'):
        scheme_of_masks(masks)
    found = scheme_of_masks(masks, snap_colours=True)
    assert len(found.codes) == 2 and found.codes[1] == 0xFFFFFF
    red, green, blue = found.codes[0] >> 16, found.codes[0] >> 8 & 255, found.codes[0] & 255
    assert max(abs(red - 200), abs(green - 30), abs(blue - 60)) <= 32
    known = found.class_of.keys() | found.ignore
    assert all(mask.counts.keys() <= known for mask in masks)  # none is left out


@pytest.mark.parametrize('scale', [2, 4])
def test_thin_lines_are_black_and_white(tmp_path, scale):
    masks = drawn(tmp_path, cracks, shape=(256, 384), scale=scale)
    with pytest.raises(UserError, match=r'Add --threshold: .* Or --snap-colours'):
        scheme_of_masks(masks)
    snapped = scheme_of_masks(masks, snap_colours=True)
    assert snapped.label_space == 'binary' and len(snapped.codes) == 2
    assert 'more than the' in snapped.notes[0] and '--threshold' in snapped.notes[0]
    found = scheme_of_masks(masks, threshold=True)
    assert found.codes == (0, 255) and not found.ignore and not found.notes
    values = {value for mask in masks for value in mask.counts}
    assert found.class_of == {value: int(value >= 128) for value in values | {0, 255}}


def test_lines_of_line_aa(tmp_path):
    def draw(mask, rng):
        for a, b in pairwise(rng.integers(5, 60, (5, 2)).tolist()):
            cv2.line(mask, a, b, 255, 1, cv2.LINE_AA)

    masks = drawn(tmp_path, draw, shape=(64, 96), scale=1)
    with pytest.raises(UserError, match='The main values, .* are 0 .* Add --threshold'):
        scheme_of_masks(masks)
    assert scheme_of_masks(masks, threshold=True).codes == (0, 255)


def test_colours_of_no_class_are_named():
    line = {value << 16: 10 for value in range(40, 220, 20)}
    masks = masks_of({0: 6000, RED: 2500, GREEN: 400, **line}, True, {0, RED, GREEN})
    found = scheme_of_masks(masks, ['a=#000000', 'b=#ff0000'], snap_colours=True)
    assert any('ignored though between no two of them: #00ff00 (4' in r for r in found.reasons)


def test_a_thin_class_without_slopes_is_no_blend():
    line = {value << 16: 10 for value in (40, 60, 80, 180, 200, 220)}
    masks = masks_of({0: 6000, RED: 2500, 0x800000: 40, **line}, True, {0, RED})
    hard = [MaskFile(**{**vars(m), 'slopes': {c: n for c, n in m.slopes.items() if c != 0x800000}})
            for m in masks]  # fmt: skip
    assert 0x800000 in soft_edges(masks).blends
    assert 0x800000 in soft_edges(hard).main


@pytest.mark.parametrize(
    ('counts', 'areas', 'problem'),
    [
        ({0: 8000, 128: 500, 255: 1000, 60: 3}, {0, 128, 255}, 'areas of 128.*--snap-colours'),
        ({0: 8000, 80: 500, 160: 400, 20: 3}, {0, 80, 160}, 'areas of 80, 160'),
    ],
)
def test_what_is_drawn_gray_is_not_thresholded(counts, areas, problem):
    with pytest.raises(UserError, match=problem):
        scheme_of_masks(masks_of(counts, False, areas), threshold=True)


@pytest.mark.parametrize('ignore', [None, ['77']])
def test_another_white_is_not_thresholded(ignore):
    soft = masks_of({0: 9000, 200: 900, 77: 5, 60: 5, 150: 5}, False, {0, 200})
    with pytest.raises(UserError, match='--threshold makes masks of 0 and 255, and --classes'):
        scheme_of_masks(soft, ['background=0', 'thing=200'], ignore, threshold=True)


def test_class_ids_among_soft_masks_are_not_thresholded():
    soft = masks_of({0: 9000, 255: 900, 60: 5, 200: 5}, False, {0, 255})
    ids = masks_of({0: 9000, 1: 900}, False, {0, 1})
    with pytest.raises(UserError, match=r'have areas of 1\. .*foreground=1\+255') as error:
        scheme_of_masks([*soft, *ids], threshold=True)
    classes = str(error.value).rstrip('.').partition('--classes ')[2].split()
    found = scheme_of_masks([*soft, *ids], classes, threshold=True)
    assert found.class_of == {0: 0, 1: 1, 255: 1, 60: 0, 200: 1}
    with pytest.raises(UserError, match='Masks disagree'):
        scheme_of_masks([*masks_of({0: 9000, 255: 900}, False, {0, 255}), *ids], threshold=True)


def test_colours_are_not_thresholded():
    masks = masks_of({0: 9000, RED: 900}, True, {0, RED})
    found = scheme_of_masks(masks, ['a=#000000', 'b=#ff0000'], threshold=True)
    assert found.codes == (0, RED)


@pytest.mark.parametrize('value', [1, 100, 200])
def test_a_thin_class_of_one_value_is_no_noise(value, tmp_path):
    """Of a folder for each class."""
    mask = np.zeros((64, 64), np.uint8)
    mask[20, 5:60] = value
    cv2.imwrite(str(tmp_path / 'crack.png'), mask)
    found = inspect_layers({'crack': tmp_path / 'crack.png'}, threshold=True)
    assert found.counts['crack'] == 55


def test_very_many_colours_are_no_soft_edges():
    """Each is compared with the others once: a minute is too long to be told so."""
    rng = np.random.default_rng(0)
    grid = [a << 16 | b << 8 | c for a in range(0, 256, 32) for b in range(0, 256, 32)
            for c in range(0, 256, 32)]  # fmt: skip
    counts = {int(code): 500 for code in rng.choice(grid, 300, replace=False)}
    masks = masks_of(counts, True, {*counts})
    assert soft_edges([replace(mask, slopes=dict.fromkeys([*counts][:5], 400)) for mask in masks
                       ]) is None  # fmt: skip
