# SPDX-License-Identifier: Apache-2.0
"""Which image a label file means, and that it is never one of another folder."""

import numpy as np
import pytest

from mmseg_im.datasets.image_files import class_ids
from mmseg_im.own_data.label_files.image_names import ImageNames
from tests.own_data.conftest import save
from tests.own_data.label_files.conftest import SIZE, coco_content, square, write

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ('path', 'names', 'found'),
    [
        ('train/0001.jpg', ['val/0001'], None),
        ('C:\\data\\train\\0001.jpg', ['val/0001'], None),
        ('train/0001.jpg', ['all/train/0001', 'all/val/0001'], 'all/train/0001'),
        ('train/0001.jpg', ['0001'], '0001'),
        ('0001.jpg', ['val/0001'], 'val/0001'),
        ('0001.jpg', ['val/0001', 'train/0001'], None),
        ('/home/a/set/val/0001.png', ['val/0001', '0001'], 'val/0001'),
        ('img.0001', ['img.0001', 'img.0002'], 'img.0001'),
        ('img.0001', ['img'], None),
        ('img.0001.png', ['img.0001'], 'img.0001'),
        ('a/scan.czi', ['scan'], 'scan'),
        ('scan', ['scan'], 'scan'),
        ('', ['scan'], None),
    ],
)
def test_the_image_of_a_path(path, names, found):
    assert ImageNames(names).find(path) == found


def pair(folder) -> None:
    for seed, name in enumerate(('val/1', 'val/2', 'val/3')):
        picture = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)
        save(folder / f'{name}.png', picture)


def write_entries(folder, names) -> None:
    """Three images in ``val``, and COCO entries with file names."""
    pair(folder / 'images')
    content = coco_content(len(names))
    for image, name in zip(content['images'], names, strict=True):
        image['file_name'] = name
    write(folder / 'coco.json', content)


def test_the_entry_of_another_folder_is_named_and_not_drawn(tmp_path, run):
    write_entries(tmp_path, ['train/1.jpg', 'val/1.jpg', '2.jpg', 'val/3.jpg'])
    error, text = run(tmp_path / 'images', tmp_path / 'coco.json')
    assert error is None and "'train/1.jpg' is not among the images" in text
    label = class_ids(str(tmp_path / 'mine/annotations/val/1.png'))
    assert label[10, 6] == 1 and label[10, 4] == 0  # the square of the second entry


def test_the_entry_with_more_folders_wins_and_equal_ones_are_twice(tmp_path, run):
    write_entries(tmp_path, ['1.jpg', 'val/1.jpg', '2.jpg', 'val/3.jpg'])
    error, text = run(tmp_path / 'images', tmp_path / 'coco.json')
    assert error is None and "'1.jpg' is not among the images; 'val/1.jpg' is" in text
    assert class_ids(str(tmp_path / 'mine/annotations/val/1.png'))[10, 4] == 0


def test_why_no_label_can_be_used(tmp_path, run, images):
    content = coco_content()
    crowds = [
        dict(id=900 + i, image_id=i, category_id=1, iscrowd=1, segmentation=[square(0, 0, 5)])
        for i in range(4)
    ]
    content['annotations'] += crowds
    write(tmp_path / 'coco.json', content)
    error, _ = run(images, tmp_path / 'coco.json', '--label-space', 'multilabel')
    assert 'has no label for an image' in error
    assert 'not labeled: 4 images with pixels to ignore (0, 1, 2, 3), for which masks' in error


def test_an_entry_that_fits_several_images_is_named_and_these_left_out(tmp_path, run):
    """Not one that has an entry of its own."""
    write_entries(tmp_path, ['1.jpg', 'a/4.jpg', '4.jpg', '2.jpg', 'val/3.jpg'])
    picture = np.zeros((*SIZE, 3), np.uint8)
    for name in ('a/1', 'a/4', 'b/4', 'b/5'):
        save(tmp_path / 'images' / f'{name}.png', picture)
    error, text = run(tmp_path / 'images', tmp_path / 'coco.json')
    assert error is None and text.count("'1.jpg' is the end of 2 paths: a/1, val/1") == 1
    assert "'4.jpg' is the end of 2 paths: a/4, b/4" in text
    assert 'Left out: 3 images.' in text
    assert {path.stem for path in (tmp_path / 'mine/annotations').rglob('*.png')} == {'2', '4'}


def test_two_copies_of_one_file(tmp_path, run, images):
    for name in ('one', 'two'):
        write(tmp_path / 'labels' / f'{name}.json', coco_content())
    error, _ = run(images, tmp_path / 'labels')
    assert 'has no label for an image' in error and 'Images are called' not in error
    assert 'keep one:\n' in error and 'two.json: 0.png' in error
