# SPDX-License-Identifier: Apache-2.0
"""Images so narrow that a resize leaves nothing of them are named before training."""

import cv2
import numpy as np
import pytest
from mmcv.transforms import Compose, RandomChoiceResize, RandomResize, Resize
from mmengine.registry import DefaultScope
from mmseg.datasets.transforms import ResizeShortestEdge

from mmseg_im.datasets.checks import build_checked
from mmseg_im.datasets.narrow_images import smallest_scales, vanishes
from mmseg_im.datasets.nested_datasets import transforms_of
from mmseg_im.errors import UserError

RESIZE = dict(type='Resize', scale=(120, 120), keep_ratio=True)


def folder(path):
    for name, size in dict(wide=(4, 300), a=(40, 60)).items():
        cv2.imwrite(str(path / f'{name}.png'), np.zeros((*size, 3), np.uint8))
    (path / 'list.txt').write_text('a\nwide\n')
    return path


def config(path, **resize) -> dict:
    return dict(
        type='BaseSegDataset', data_root=str(path), ann_file='list.txt', img_suffix='.png',
        metainfo=dict(classes=('a', 'b'), palette=[[0] * 3, [9] * 3]),
        pipeline=[dict(type='LoadImageFromFile'), dict(RESIZE, **resize)],
    )  # fmt: skip


def test_an_unlabeled_image_is_named_with_the_remedy(tmp_path):
    with DefaultScope.overwrite_default_scope('mmseg'):
        build_checked(config(folder(tmp_path)), 'unlabeled', labeled=False)
        cv2.imwrite(str(tmp_path / 'wide.png'), np.zeros((3, 800, 3), np.uint8))
        with pytest.raises(UserError) as raised:
            build_checked(config(tmp_path), 'unlabeled', labeled=False)
        said = str(raised.value)
        assert said.startswith(f'unlabeled: {tmp_path}/wide.png is 800x3 pixels (width x height)')
        assert 'resize to 120x120 leaves no pixel' in said and 'Cut it into parts' in said
        build_checked(config(tmp_path, keep_ratio=False), 'unlabeled', labeled=False)


def test_an_image_that_changed_in_a_run_is_named(tmp_path):
    with DefaultScope.overwrite_default_scope('mmseg'):
        dataset = build_checked(config(folder(tmp_path)), 'unlabeled', labeled=False)
    cv2.imwrite(str(tmp_path / 'wide.png'), np.zeros((1500, 3, 3), np.uint8))
    with pytest.raises(UserError, match='wide.png is 3x1500 pixels'):
        dataset[1]


@pytest.mark.parametrize(
    ('step', 'scales'),
    [
        (Resize(scale=(120, 60), keep_ratio=True), ((120, 60),)),
        (Resize(scale_factor=0.5, keep_ratio=True), (0.5,)),
        (Resize(scale=(120, 60)), ()),
        (RandomResize((120, 60), (0.5, 2.0), resize_type=Resize, keep_ratio=True), ((60, 30),)),
        (RandomResize((120, 60), (0.5, 2.0), resize_type=Resize, keep_ratio=False), ()),
        (RandomResize([(120, 60), (8, 9)], resize_type=Resize, keep_ratio=True),
         ((120, 60), (8, 9))),
        (RandomChoiceResize([(120, 60), (8, 9)], resize_type=Resize, keep_ratio=True),
         ((120, 60), (8, 9))),
        (RandomChoiceResize([64, 96], resize_type=ResizeShortestEdge, max_size=512), ()),
        (RandomResize((120, 60), (0.5, 2.0), resize_type=ResizeShortestEdge, max_size=9), ()),
    ],
)  # fmt: skip
def test_the_smallest_scale_of_every_resize(step, scales):
    assert smallest_scales(transforms_of(Compose([step]))) == scales


def test_nothing_is_left_exactly_where_mmcv_leaves_nothing():
    for side in (1, 2, 3, 4, 5):
        image = np.zeros((side, 800, 3), np.uint8)
        try:
            Resize(scale=(120, 120), keep_ratio=True)(dict(img=image))
            assert not vanishes(image.shape[:2], (120, 120))
        except cv2.error:
            assert vanishes(image.shape[:2], (120, 120))
