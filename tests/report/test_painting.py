# SPDX-License-Identifier: Apache-2.0
"""Pictures of label maps show the image, thin outlines, and a legend that covers nothing."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_im.engine import LabelSpaceVisualizer
from mmseg_im.report.html_page import legend
from mmseg_im.report.painting import paint
from mmseg_im.report.pictures import Tile, draw_panel

CLASSES = ('background', 'nucleus', 'cytoplasm')
PALETTE = [[130, 130, 0], [255, 0, 0], [0, 0, 255]]


def scene(height: int, width: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A gray image and its label with one square."""
    label = np.zeros((1, height, width), np.uint8)
    label[0, 20 : 20 + side, 20 : 20 + side] = 1
    return np.full((height, width, 3), 100, np.uint8), label


def alike(picture: np.ndarray, colour) -> np.ndarray:
    return (picture == colour).all(axis=-1)


def inked(picture: np.ndarray) -> np.ndarray:
    return (picture < 90).all(axis=-1)


@pytest.mark.parametrize(
    ('size', 'shown'), [((120, 120), (360, 360)), ((360, 480), (360, 480)), ((3, 1500), (3, 1500))]
)
def test_the_legend_lies_below_the_picture(size, shown):
    image, label = np.full((*size, 3), 100, np.uint8), np.zeros((1, *size), np.uint8)
    picture = paint(image, label, CLASSES, PALETTE)
    assert picture.shape[0] >= shown[0] + 24 and picture.shape[1] == shown[1]
    assert alike(picture[: shown[0]], [100] * 3).all()  # a background is not painted
    below = picture[shown[0] :]
    assert alike(below, PALETTE[0]).sum() > 100 and inked(below).sum() > 100


def test_letters_grow_with_the_picture_and_none_is_cut_off():
    heights = []
    for width in (400, 2400):
        image, label = np.full((300, width, 3), 100, np.uint8), np.zeros((1, 300, width), np.uint8)
        below = paint(image, label, CLASSES, PALETTE)[300:]
        heights.append(np.ptp(np.nonzero(inked(below).any(axis=1))[0]))
    assert heights[1] > 2 * heights[0] > 15
    image, label = scene(320, 320, 20)
    picture = paint(image, label, ['background', 'a' * 80, 'b'], PALETTE)
    assert picture.shape[1] > 320 and alike(picture[:, -8:], [255] * 3).all()


@pytest.mark.parametrize('factor', [1, 6])
def test_outlines_stay_thin_and_the_image_is_seen(factor):
    size = 400 * factor
    image, label = scene(size, size, 40)
    picture = paint(image, label, CLASSES, PALETTE)[:size, :size]
    outline = alike(picture, PALETTE[1])
    assert outline[40].sum() <= 2 * 3  # left and right
    inside = picture[30:50, 30:50]
    assert (inside == [178, 50, 50]).all()  # half of it


def test_ignored_pixels_are_hatched_and_named():
    image, label = scene(320, 320, 40)
    without = paint(image, label, CLASSES, PALETTE)
    label[0, 200:, 200:] = 255
    picture = paint(image, label, CLASSES, PALETTE)
    corner = picture[200:320, 200:320]
    assert 0.3 < alike(corner, [100] * 3).mean() < 0.7 and len(np.unique(corner)) == 2
    named = inked(picture[320:]).sum() - inked(without[320:]).sum()
    assert named > 50
    overlapping = np.full((2, 320, 320), 255, np.uint8)
    assert len(np.unique(paint(image, overlapping, CLASSES[:2], PALETTE[:2])[:320])) == 2


def test_annotation_and_prediction_stand_side_by_side(tmp_path):
    """mmseg joins them, so both have the legend of both, also where classes fill two lines."""
    names = [f'class number {i}' for i in range(8)]
    visualizer = LabelSpaceVisualizer(save_dir=str(tmp_path))
    visualizer.dataset_meta = dict(classes=names, palette=[[30 * i] * 3 for i in range(8)])
    truth = torch.arange(8, dtype=torch.uint8).repeat(40, 5)[None]
    truth[0, :5] = 255
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=truth), pred_sem_seg=PixelData(data=torch.zeros_like(truth))
    )
    out = tmp_path / 'a.png'
    visualizer.add_datasample('a', np.zeros((40, 40, 3), np.uint8), sample, out_file=str(out))
    assert out.is_file()


def test_ignored_pixels_are_in_the_legends():
    tile = Tile('label', np.zeros((20, 30, 3), np.uint8))
    plain = draw_panel([[tile]], CLASSES[:1], PALETTE[:1])
    assert (draw_panel([[tile]], CLASSES[:1], PALETTE[:1], with_ignored=True) != plain).any()
    assert 'ignored' in legend(CLASSES, PALETTE, ignored=True)
    assert 'rgb(255,255,255)' in legend(CLASSES, PALETTE, ignored=True)
    assert 'ignored' not in legend(CLASSES, PALETTE)
