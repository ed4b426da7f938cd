# SPDX-License-Identifier: Apache-2.0
"""Panels show what they say."""

import numpy as np
import pytest
import torch

from mmseg_im.report.pictures import (
    Tile,
    check_bands,
    colourise,
    draw_panel,
    hatch,
    label_picture,
    to_rgb,
)

PALETTE = [[10, 20, 30], [200, 100, 0]]


def test_colours_are_the_palettes():
    label = np.array([[0, 1, 255]])
    assert colourise(label, PALETTE).tolist() == [[[10, 20, 30], [200, 100, 0], [255, 255, 255]]]
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
    seen = hatch(image, mask, see_through=True)
    assert 0.4 < (seen[mask] == 120).mean() < 0.6  # half of what lies below is seen
    np.testing.assert_array_equal(seen[seen != 120], result[seen != 120])


def test_raw_images_become_rgb_and_are_padded():
    image = torch.zeros(3, 2, 3, dtype=torch.uint8)
    image[0] = 255  # blue in BGR
    picture = to_rgb(image, (4, 5))
    assert picture.shape == (4, 5, 3)
    assert (picture[:2, :3] == [0, 0, 255]).all() and picture[2:].sum() == 0


@pytest.mark.parametrize(
    ('count', 'bands', 'shown'),
    [
        (1, None, [0, 0, 0]), (2, None, [None, 1, 0]), (4, None, [2, 1, 0]), (6, None, [2, 1, 0]),
        (6, (5, 0, 3), [5, 0, 3]), (6, (4,), [4, 4, 4]), (3, (0, 0, 2), [0, 0, 2]),
    ],
)  # fmt: skip
def test_bands_of_any_image_are_drawn(count, bands, shown):
    image = torch.arange(1, count + 1, dtype=torch.uint8).mul(20).view(-1, 1, 1).expand(-1, 2, 3)
    picture = to_rgb(image, (2, 3), bands)
    assert picture.dtype == np.uint8
    assert (picture == [0 if band is None else 20 * (band + 1) for band in shown]).all()


@pytest.mark.parametrize('dtype', [np.uint16, np.int16, np.float32, np.float64])
def test_other_depths_are_stretched(dtype):
    image = torch.from_numpy(np.array([[[100, 600, 1100]]] * 4, dtype))
    assert to_rgb(image, (1, 4))[0].tolist() == [[0] * 3, [128] * 3, [255] * 3, [0] * 3]
    assert to_rgb(image * 0, (1, 3)).sum() == 0  # one value alone


def test_pixels_that_are_not_finite_are_drawn_nevertheless():
    nan, inf = torch.nan, torch.inf
    picture = to_rgb(torch.tensor([[[0.0, nan, inf, -inf, 1.0]]] * 3), (1, 5))
    assert picture[0, :, 0].tolist() == [0, 0, 255, 0, 255]
    assert to_rgb(torch.full((3, 1, 1), nan), (1, 1)).sum() == 0


def test_wrong_bands_are_named():
    with pytest.raises(ValueError, match=r'bands=\(0, 1, 3\): the images have the bands 0 to 2'):
        to_rgb(torch.zeros(3, 2, 2), (2, 2), (0, 1, 3))
    for bands in ((0, 1), 'rgb', 3, (0.5,), (-1,), ()):
        with pytest.raises(ValueError, match='the.key: bands=.* must be three numbers of bands'):
            check_bands(bands, 'the.key')
    for bands in (None, (0,), [2, 1, 0]):
        check_bands(bands, 'the.key')


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
