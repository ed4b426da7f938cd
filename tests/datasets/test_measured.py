# SPDX-License-Identifier: Apache-2.0
"""Validation and test data: what is looked at before training, and how closely."""

import cv2
import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from PIL import Image

from mmseg_im.datasets import checks
from mmseg_im.datasets.checks import build_evaluation, check_evaluation
from tests.datasets.conftest import naming

WHERE = 'val_dataloader.dataset'
TEST = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(32, 24)),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]


def check(cfg: dict):
    dataset = build_evaluation(cfg, WHERE)
    check_evaluation(dataset, WHERE)
    return dataset


def of(mini, **changes) -> dict:
    return mini.cfg('labeled', **(dict(pipeline=TEST, test_mode=True) | changes))


def test_right_files_are_accepted_and_load(mini):
    dataset = check(of(mini))
    sample = dataset[0]
    assert sample['inputs'].shape[1:] == (24, 32)
    assert sample['data_samples'].gt_sem_seg.shape == (12, 16)


def test_data_sets_within_others_are_looked_at(mini):
    path = mini.annotation('l1')
    assert cv2.imwrite(str(path), np.full((12, 16), 99, np.uint8))
    for cfg in (
        dict(type='ConcatDataset', datasets=[of(mini), of(mini)]),
        dict(type='RepeatDataset', dataset=of(mini), times=2),
    ):
        with pytest.raises(ValueError, match=naming(WHERE, path, 'the value 99')):
            check(cfg)
    with pytest.raises(ValueError, match=naming('datasets.1.ann_file', 'absolute')):
        mini.write_list('unlabeled', ['/u0'])
        check(
            dict(
                type='ConcatDataset', datasets=[of(mini), of(mini, ann_file='splits/unlabeled.txt')]
            )
        )
    assert isinstance(build_evaluation(ConcatDataset([of(mini)]), WHERE), ConcatDataset)


def test_values_beyond_the_first_are_looked_at_when_they_are_loaded(mini, monkeypatch):
    path = mini.annotation('l1')
    assert cv2.imwrite(str(path), np.full((12, 16), 99, np.uint8))
    monkeypatch.setattr(checks, 'DECODED', 2)  # the first and the last of three
    dataset = check(of(mini))
    dataset[0], dataset[2]
    with pytest.raises(ValueError, match=naming(WHERE, path, 'the value 99')):
        dataset[1]


def test_size_of_all_is_looked_at(mini, monkeypatch):
    path = mini.annotation('l1')
    assert cv2.imwrite(str(path), np.zeros((12, 15), np.uint8))
    monkeypatch.setattr(checks, 'DECODED', 1)
    with pytest.raises(ValueError, match=naming(WHERE, path, '(12, 15)', '(12, 16)')):
        check(of(mini))


def test_photograph_that_is_turned_fits_an_annotation_of_what_it_shows(mini):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in mini.names['labeled']:
        upright = Image.fromarray(np.zeros((16, 12, 3), np.uint8))  # 12 high and 16 wide if turned
        upright.save(mini.image(name).with_suffix('.jpg'), exif=exif)
    assert len(check(of(mini, img_suffix='.jpg'))) == 3


def test_annotations_that_are_not_loaded_are_not_looked_at(mini):
    mini.annotation('l1').write_bytes(b'')
    assert len(check(of(mini, pipeline=[TEST[0], TEST[3]]))) == 3


@pytest.mark.parametrize('value', [0, 1, 255])
def test_binary_masks_may_have_any_value(mini, value):
    for name in mini.names['labeled']:
        cv2.imwrite(str(mini.annotation(name)), np.full((12, 16, 3), value, np.uint8))
    check(of(mini, pipeline=[TEST[0], dict(type='LoadBinaryAnnotations'), TEST[3]]))


def test_empty_validation(mini):
    mini.write_list('labeled', [])
    with pytest.raises(ValueError, match=naming(WHERE, 'has no images')):
        check(of(mini))


def test_overlapping_classes(cells):
    cfg = cells.cfg()
    check(cfg)
    path = cells.annotation('cell', 'b')
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=naming(path, 'cannot be decoded')):
        check(cfg)
