# SPDX-License-Identifier: Apache-2.0
"""The many images of the benchmark are ones that a training takes."""

import os

from benchmarks import many
from mmseg.registry import DATASETS

from mmseg_im.datasets.pseudo_label_files import read_index


def test_links_stand_for_images(tmp_path):
    many.write_images(tmp_path, 1200)
    dataset = DATASETS.build(many.training_config(tmp_path).train_dataloader.dataset)
    assert len(dataset.unlabeled) == 1200 and len(dataset.labeled) == many.LABELED
    assert len(dataset) == 8
    assert set(dataset[7]['inputs']) == {'sup', 'weak', 'strong'}
    assert os.stat(tmp_path / 'images' / '0001' / '0001199.png').st_nlink == 1201


def test_the_index_is_one_of_these_images(tmp_path):
    many.write_images(tmp_path, 30)
    many.write_index(tmp_path / 'labels', 30)
    index = read_index(tmp_path / 'labels')
    assert list(index) == many.image_names(30)
    many.read(tmp_path / 'labels')
    many.choose_images(tmp_path, tmp_path / 'labels')


def test_what_a_call_adds_is_measured():
    found = many.measured(bytearray, 50 * 2**20)
    assert 45 < found['memory'] < 70 and found['seconds'] > 0
