# SPDX-License-Identifier: Apache-2.0
"""Panels show what they say."""

import numpy as np
import torch

from mmseg_im.report.pictures import Tile, colourise, draw_panel, hatch, label_picture, to_rgb

PALETTE = [[10, 20, 30], [200, 100, 0]]


def test_colours_are_the_palettes():
    label = np.array([[0, 1, 255]])
    assert colourise(label, PALETTE).tolist() == [[[10, 20, 30], [200, 100, 0], [0, 0, 0]]]
    overlapping = torch.tensor([[[0, 1, 1]], [[0, 0, 1]]])
    assert label_picture(overlapping, PALETTE).tolist() == [
        [[0, 0, 0], [10, 20, 30], [200, 100, 0]]  # the smaller class lies on top
    ]


def test_hatch_covers_the_mask_and_nothing_else():
    image = np.full((30, 60, 3), 120, np.uint8)
    mask = np.zeros((30, 60), bool)
    mask[5:25, 10:50] = True
    result = hatch(image, mask)
    assert (result[~mask] == 120).all() and not (result[mask] == 120).any()
    assert len(np.unique(result[mask])) == 2  # two grays, both there


def test_raw_images_become_rgb_and_are_padded():
    image = torch.zeros(3, 2, 3, dtype=torch.uint8)
    image[0] = 255  # blue in BGR
    picture = to_rgb(image, (4, 5))
    assert picture.shape == (4, 5, 3)
    assert (picture[:2, :3] == [0, 0, 255]).all() and picture[2:].sum() == 0


def test_a_panel_has_every_tile_caption_and_class():
    tile = Tile('caption', np.full((20, 30, 3), [0, 255, 0], np.uint8))
    empty = draw_panel([[tile, tile]] * 2)
    panel = draw_panel([[tile, tile]] * 2, ['a', 'b'], PALETTE, with_mask=True)
    green = (panel == [0, 255, 0]).all(axis=-1)
    assert green.sum() == (empty == [0, 255, 0]).all(axis=-1).sum() > 4 * 60_000
    assert panel.shape[0] > empty.shape[0]  # the legend
    for colour in PALETTE:
        assert (panel == colour).all(axis=-1).sum() > 20
    captions = panel[:28]  # above the first row of tiles
    assert (captions < 100).any() and captions.max() == 255
