# SPDX-License-Identifier: Apache-2.0
"""Pictures of predictions over images of any number of channels and any depth."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_im.engine import LabelSpaceVisualizer

PALETTE = [[0, 0, 0], [255, 0, 0]]
SHAPE = 40, 60


def drawn(image: np.ndarray, folder) -> np.ndarray:
    """The RGB picture of an image with one object in the middle, drawn at half opacity."""
    label = torch.zeros(1, *SHAPE, dtype=torch.uint8)
    label[0, 10:30, 20:40] = 1
    visualizer = LabelSpaceVisualizer(save_dir=str(folder), alpha=0.5)
    visualizer.dataset_meta = dict(classes=('background', 'object'), palette=PALETTE)
    sample = SegDataSample(pred_sem_seg=PixelData(data=label))
    out = folder / 'drawn.png'
    visualizer.add_datasample('a', image, sample, with_labels=False, out_file=str(out))
    return cv2.imread(str(out))[..., ::-1]


def bands(*values: int, dtype: type = np.uint8) -> np.ndarray:
    return np.broadcast_to(np.array(values, dtype), (*SHAPE, len(values))).copy()


def test_colour_of_8_bits_stays_as_it_is(tmp_path):
    picture = drawn(bands(30, 60, 90), tmp_path)
    assert picture[0, 0].tolist() == [30, 60, 90]
    assert picture[20, 30].tolist() in ([142, 30, 45], [143, 30, 45])


@pytest.mark.parametrize('further', [(9,), (7, 8, 9)])
def test_further_channels_are_not_drawn(tmp_path, further):
    """OpenCV reads blue, green, red and the rest; mmseg hands over the reverse."""
    image = bands(90, 60, 30, *further)[..., ::-1]
    assert drawn(image, tmp_path)[0, 0].tolist() == [30, 60, 90]


@pytest.mark.parametrize('image', [bands(50), bands(50)[..., 0]])
def test_one_channel_is_gray(tmp_path, image):
    assert drawn(image, tmp_path)[0, 0].tolist() == [50, 50, 50]


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
def test_other_depths_are_stretched(tmp_path, dtype):
    image = bands(1000, 3000, 2000, dtype=dtype)
    assert drawn(image, tmp_path)[0, 0].tolist() == [0, 255, 128]
