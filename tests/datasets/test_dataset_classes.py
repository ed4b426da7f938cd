# SPDX-License-Identifier: Apache-2.0
"""Data sets that mmseg does not have: classes, palettes, suffixes, and what is ignored."""

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_im.datasets.checks import build_checked
from mmseg_im.errors import UserError

# type, number of classes, suffix of images
SINGLE = [
    ('ISIC2018Dataset', 2, '.jpg'),
    ('SUIMDataset', 8, '.jpg'),
    ('CamVidDataset', 11, '.jpg'),
    ('CamVid32Dataset', 31, '.png'),
]


@pytest.mark.parametrize('kind, count', [(k, n) for k, n, _ in SINGLE] + [('HeLaDataset', 3)])
def test_each_class_has_a_colour_of_its_own(kind, count):
    info = DATASETS.get(kind).METAINFO
    assert len(info['classes']) == len(set(info['classes'])) == count
    colours = {tuple(colour) for colour in info['palette']}
    assert len(info['palette']) == len(colours) == count
    assert all(len(c) == 3 and all(0 <= v <= 255 for v in c) for c in colours)


def config(root, kind: str, suffix: str, label: np.ndarray) -> dict:
    for folder, array, end in (('images', np.zeros((4, 5, 3)), suffix), ('labels', label, '.png')):
        (root / folder).mkdir()
        cv2.imwrite(str(root / folder / f'a{end}'), array)
    return dict(
        type=kind,
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
    )


@pytest.mark.parametrize('kind, count, suffix', SINGLE)
def test_ids_are_read_as_they_are_and_255_stays(tmp_path, kind, count, suffix):
    label = np.resize(np.uint8([*range(count), 255]), (4, 5))
    label[3, 4] = 255
    cfg = dict(config(tmp_path, kind, suffix, label), metainfo=dict(may_lack_classes=True))
    dataset = build_checked(cfg, 'data', labeled=True)
    assert np.array_equal(dataset[0]['gt_seg_map'], label)
    assert dataset[0]['img_path'].endswith(f'images/a{suffix}')


@pytest.mark.parametrize('kind, count, suffix', SINGLE)
def test_a_value_that_no_class_has_is_named(tmp_path, kind, count, suffix):
    label = np.full((4, 5), count, np.uint8)
    with pytest.raises(UserError, match=f'holds the value {count}, and there are {count} classes'):
        build_checked(config(tmp_path, kind, suffix, label), 'data', labeled=True)


def test_hela_reads_one_annotation_for_each_class(tmp_path):
    cfg = config(tmp_path, 'HeLaDataset', '.png', np.zeros((4, 5), np.uint8))
    cfg['pipeline'][1] = dict(type='LoadMultiLabelAnnotations')
    for i, name in enumerate(('alive', 'dead', 'position')):
        (tmp_path / 'labels' / name).mkdir()
        label = np.zeros((4, 5), np.uint8)
        label[i] = label[3] = 255
        cv2.imwrite(str(tmp_path / 'labels' / name / 'a.png'), label)
    dataset = build_checked(cfg, 'data', labeled=True)
    label = dataset[0]['gt_seg_map'] > 0
    expected = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], bool)
    assert np.array_equal(label, np.repeat(expected[:, None], 5, axis=1))
