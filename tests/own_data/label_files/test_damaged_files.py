# SPDX-License-Identifier: Apache-2.0
"""JSON and XML that cannot be parsed is named, whatever it was."""

import json

import numpy as np
import pytest

from mmseg_im.own_data.label_files import damaged_files
from mmseg_im.own_data.label_files.damaged_files import damage
from tests.own_data.conftest import loaded, save
from tests.own_data.label_files.conftest import SIZE, coco_content, labelme_content, write
from tests.own_data.label_files.test_cvat import BOX, document

SQUARE = [[4, 6], [18, 6], [18, 20], [4, 20]]
SHAPES = labelme_content('0.png', [('a', SQUARE)] * 9)['shapes']
CUT = json.dumps(dict(version='5.5.0', flags={}, shapes=SHAPES))[:300]  # imagePath comes after


@pytest.mark.fast
@pytest.mark.parametrize(
    ('name', 'content', 'said'),
    [
        ('a.json', b'{"images":[', 'line 1, column 12: Expecting value'),
        ('a.json', b'', 'line 1, column 1: Expecting value'),
        ('a.json', b'{"a":\n 1,}', 'line 2, column 4'),
        ('a.json', b'\xff\xfe{\0', 'byte 0 is no UTF-8'),
        ('a.json', b'[' * 1_000_000, 'it is nested too deeply'),
        ('a.json', b'{"a": 1}', None),
        ('a.xml', b'<annotations><image>', 'line 1, column 20: no element found'),
        ('a.xml', b'', 'no element found'),
        ('a.xml', b'<a>' * 100_000, 'no element found'),
        ('a.xml', b'<a/>', None),
        ('a.txt', b'{', None),
    ],
)
def test_what_is_wrong_and_where(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    found = damage(tmp_path / name)
    assert (found is None) if said is None else (said in found)


def test_large_files_are_not_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(damaged_files, 'LARGEST', 10)
    assert damage(write(tmp_path / 'a.json', '{"aaaaaaaaaaaaa')) is None


def test_the_image_of_a_file_that_was_cut_is_left_out(images, run, tmp_path):
    """By name; of all images of that name, if a folder does not tell them apart."""
    for folder in ('a', 'b'):
        save(images / folder / 'twin.png', np.full((*SIZE, 3), 90, np.uint8))
    labels = tmp_path / 'labels'
    for i in range(3):
        write(labels / f'{i}.json', labelme_content(f'{i}.png', [('a', SQUARE)]))
    for name in ('3', 'twin'):
        write(labels / f'{name}.json', CUT)
    write(labels / 'notes.json', '{"a": 1}')
    error, text = run(images, labels)
    assert error is None and '3.json: is damaged (line 1, column ' in text
    assert text.count('twin.json: is damaged') == 1
    assert 'Left out: 3 images.' in text and '1 file of other JSON (notes.json)' in text
    assert loaded(tmp_path / 'mine').keys() == {'0', '1', '2'}
    assert not {'3', 'a/twin'} & {*(tmp_path / 'mine/unlabeled.txt').read_text().split('\n')}


@pytest.mark.parametrize('name', ['broken.json', 'broken.xml'])
def test_a_file_alone_that_cannot_be_parsed(name, images, run, tmp_path):
    broken = write(tmp_path / 'labels' / name, '{"images":[' if name.endswith('n') else '')
    for labels in (broken, broken.parent):
        error, _ = run(images, labels)
        assert f'{broken} is damaged (line 1, column ' in error and 'Export it again.' in error


@pytest.mark.parametrize('name', ['broken.json', 'broken.xml'])
def test_a_file_beside_one_of_many_images_ends_the_command(name, images, run, tmp_path):
    labels = tmp_path / 'labels'
    if name == 'broken.json':
        write(labels / 'good.json', coco_content())
        write(labels / name, '{"images":[')
    else:
        write(labels / 'good.xml', document(BOX.format('a', 4, 0)))
        write(labels / name, '<annot')
    error, _ = run(images, labels)
    assert f'{name} is damaged (line 1, column ' in error


def test_json_of_masks_is_not_looked_at(images, run, tmp_path):
    for i in range(4):
        save(tmp_path / 'labels' / f'{i}.png', np.eye(*SIZE, dtype=np.uint8))
    write(tmp_path / 'labels' / 'broken.json', '{')
    error, text = run(images, tmp_path / 'labels')
    assert error is None and '1 file of other JSON (broken.json)' in text
