# SPDX-License-Identifier: Apache-2.0
"""Large images show on the page of unsure images where the voters disagree most."""

import base64
import re

import cv2
import numpy as np
import pytest
import torch

from mmseg_im.prediction.disputed_part import most_masked, same_part
from mmseg_im.prediction.image_prediction import Prediction
from mmseg_im.prediction.unsure_report import UnsureReport
from tests.prediction.test_predict_tool import CLASSES, PALETTE


@pytest.mark.parametrize('size', [(900, 1300), (1000, 30), (77, 2000)])
@pytest.mark.parametrize('at', [(0.0, 0.0), (0.99, 0.99), (0.5, 0.2)])
def test_the_part_with_most_masked_pixels(size, at):
    mask = np.zeros(size, bool)
    row, column = (int(share * length) for share, length in zip(at, size, strict=True))
    mask[max(row - 30, 0) : row + 30, max(column - 30, 0) : column + 30] = True
    square = mask.copy()
    mask[size[0] // 3, ::3] = True  # a little elsewhere
    rows, columns = most_masked(mask, 360)
    assert mask[rows, columns].shape == tuple(min(360, length) for length in size)
    assert square[rows, columns].sum() >= 0.9 * square.sum()


def test_nothing_masked_is_the_middle():
    assert most_masked(np.zeros((400, 500), bool), 100) == (slice(150, 250), slice(200, 300))
    assert same_part(slice(150, 250), 400, 40) == slice(15, 25)
    assert same_part(slice(399, 400), 400, 40) == slice(39, 40)


@pytest.mark.parametrize('seen', [1, 10])
def test_the_page_shows_it_at_full_size(seen):
    """Also where the network saw the image smaller."""
    size = 1200, 1500
    mask = np.zeros(size, bool)
    mask[800:900, 1000:1100] = True
    image = np.zeros((3, *size), np.uint8)
    image[:, 800:900, 1000:1100] = 200
    image = torch.from_numpy(image[:, ::seen, ::seen].copy())
    report = UnsureReport(CLASSES, PALETTE)
    found = Prediction(np.zeros((1, *size), np.uint8), mask, float(mask.mean()), 0.9, np.eye(4)[0])
    report.add('large', image, found)
    small = Prediction(found.label[:, :50, :50], mask[:50, :50], 0.0, 0.9, np.eye(4)[0])
    report.add('small', image[:, :50, :50], small)
    page = report.page('Two networks.')
    assert page.count('<img') == 9 and page.count('the most disputed part, at full size') == 2
    data = re.findall(r'base64,([^"]+)', page)[3]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), 1)
    assert picture.shape[:2] == (360, 360)
    assert (picture > 150).all(axis=-1).mean() == pytest.approx(100**2 / 360**2, rel=0.15)
