# SPDX-License-Identifier: Apache-2.0
"""What a project cannot learn or measure is said in sentences."""

import shutil

import numpy as np
import pytest

from mmseg_im.own_data.notes import notes
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.splitting import parse_ratio
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import SIZE, label_of, picture_of, save


def said(images, masks, val='0.2') -> str:
    return '\n'.join(notes(make_plan(survey(images, masks), parse_ratio(val)), 'mine.py'))


@pytest.fixture
def big(tmp_path):
    """Six images of two large classes, and the folders."""
    rng = np.random.default_rng(0)
    for i in range(6):
        label = np.where(np.arange(SIZE[1]) < 30, 0, 1) + np.zeros(SIZE, int)
        save(tmp_path / f'masks/{i}.png', label.astype(np.uint8))
        save(tmp_path / f'images/{i}.png', picture_of(label_of(rng), rng))
    return tmp_path / 'images', tmp_path / 'masks'


def test_nothing_to_say(big):
    assert said(*big, val='1/3') == ''


def test_a_single_image_for_validation(big):
    text = said(*big)
    assert 'Validation is a single image' in text and '--val 0.33' in text
    assert 'Very few masks' in text
    assert 'single' not in said(*big, val='0.33')  # what it says helps
    for i in range(3, 6):
        (big[1] / f'{i}.png').unlink()
    assert 'label more, or' in said(*big) and '--val' not in said(*big)


def test_classes_that_one_side_lacks(big):
    images, masks = big
    label = np.zeros(SIZE, np.uint8)
    label[:, 30:] = 2
    save(masks / '0.png', label)
    text = said(images, masks, '1/3')
    assert 'No validation image shows class_2, which is on 1 of 6 annotated ones' in text
    shutil.copy(masks / '0.png', masks / '1.png')
    assert 'shows class_2' not in said(images, masks, '1/3')


def test_a_rare_class_and_its_weight(big):
    images, masks = big
    for i in range(6):
        label = np.where(np.arange(SIZE[1]) < 30, 0, 1) + np.zeros(SIZE, int)
        label[:4, :6] = 2
        save(masks / f'{i}.png', label.astype(np.uint8))
    text = said(images, masks, '1/3')
    weights = make_plan(survey(images, masks), parse_ratio('1/3')).facts.class_weight
    weight = weights[2] / min(weights)
    assert weight > 5
    assert 'class_2 covers 0.78% of the labeled pixels' in text
    assert f'weigh {weight:.3g} times as much in the loss as those of class_1' in text


def test_a_rare_foreground(big):
    images, masks = big
    for i in range(6):
        label = np.zeros(SIZE, np.uint8)
        label[:4, :6] = 255
        save(masks / f'{i}.png', label)
    text = said(images, masks, '1/3')
    assert 'foreground covers 0.78%' in text and 'background covers' not in text


def test_a_class_that_is_rare_because_few_images_show_it(big):
    images, masks = big
    for i in range(6):
        save(masks / f'{i}.png', np.full(SIZE, i % 2, np.uint8))
    label = np.zeros(SIZE, np.uint8)
    label[:, :40] = 2
    for i in range(60):
        save(masks / f'more{i}.png', np.full(SIZE, i % 2, np.uint8))
        shutil.copy(images / '0.png', images / f'more{i}.png')
    save(masks / '0.png', label)
    assert 'because there it is not rare' in said(images, masks)


def test_masks_that_count_from_1_among_masks_that_count_from_0(big):
    images, masks = big
    for i in range(3, 6):
        label = np.where(np.arange(SIZE[1]) < 30, 1, 2) + np.zeros(SIZE, int)
        save(masks / f'{i}.png', label.astype(np.uint8))
    text = said(images, masks, val='1/3')
    assert (
        '3 masks with 0, 1 (such as 0.png, 1.png, 2.png), 3 masks with 1, 2 (such as 3.png' in text
    )
    assert 'subtract 1' in text
    label[0] = 0  # by nature: one that has all three
    save(masks / '5.png', label.astype(np.uint8))
    assert 'subtract' not in said(images, masks, val='1/3')
