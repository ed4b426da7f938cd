# SPDX-License-Identifier: Apache-2.0
"""Finding archives and the files in them."""

import pytest
from conversion.finding import check_pairs, locate, members, shown
from conversion.source import Source

from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import write_folder, write_zip

WANTED = {'images': ['images.zip', 'pictures'], 'labels': ['labels.zip'], 'extra': ['extra.tar']}


def test_all_that_is_missing_is_said_at_once(tmp_path):
    with pytest.raises(MissingFileError) as error:
        locate(tmp_path, WANTED, 'https://data.example')
    assert str(error.value) == (
        f'{tmp_path} lacks images.zip or pictures; labels.zip; and extra.tar. Get them at '
        'https://data.example.'
    )


def test_one_that_is_missing(tmp_path):
    write_zip(tmp_path / 'images.zip', {'a': b'1'})
    write_zip(tmp_path / 'labels.zip', {'a': b'1'})
    with pytest.raises(MissingFileError, match='lacks extra.tar. Get it at https'):
        locate(tmp_path, WANTED, 'https://data.example')
    assert set(locate(tmp_path, WANTED, '', optional=['extra'])) == {'images', 'labels'}


def test_an_archive_goes_before_its_unpacked_folder(tmp_path):
    write_folder(tmp_path, {'images/a': b'1', 'labels/a': b'1'})
    found = locate(tmp_path, WANTED, '', optional=['extra'])
    assert found['images'].path == tmp_path / 'images'
    write_zip(tmp_path / 'images.zip', {'a': b'1'})
    found = locate(tmp_path, WANTED, '', optional=['extra'])
    assert found['images'].path == tmp_path / 'images.zip'


def test_the_folder_itself_or_an_archive_in_it(tmp_path):
    write_zip(tmp_path / 'set.zip', {'a': b'1'})
    wanted = {'all': ['set.zip']}
    assert locate(tmp_path / 'set.zip', wanted, '')['all'].path == tmp_path / 'set.zip'
    write_folder(tmp_path, {'else/set/a': b'1'})
    assert locate(tmp_path / 'else' / 'set', wanted, '')['all'].path == tmp_path / 'else' / 'set'


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(MissingFileError, match='none does not exist. Put what .*https://d'):
        locate(tmp_path / 'none', WANTED, 'https://data.example')


def test_members_do_not_depend_on_folders_above(tmp_path):
    for top in ('', 'one/', 'one/two/'):
        folder = tmp_path / f'case_{len(top)}'
        write_folder(folder, {f'{top}train/b/x_1.png': b'', f'{top}test/b/x_1.png': b''})
        found = members(Source(folder), r'(?:^|/)(train|val)/([^/]+)/([^/]+)\.png$', '')
        assert found == {('train', 'b', 'x_1'): f'{top}train/b/x_1.png'}


def test_members_that_are_none_or_twice_there(tmp_path):
    write_folder(tmp_path, {'a/1.png': b'', 'b/1.png': b''})
    with pytest.raises(UserError, match='holds the same file twice: a/1.png and b/1.png'):
        members(Source(tmp_path), r'([^/]+)\.png$', '1.png')
    with pytest.raises(UserError, match='holds no file like 1.jpg'):
        members(Source(tmp_path), r'([^/]+)\.jpg$', '1.jpg')


def test_images_without_annotation_are_named():
    images = [('val', f'{i:02d}') for i in range(9)]
    with pytest.raises(UserError, match='7 images have no mask: val/02, .* val/06 and 2 more'):
        check_pairs(images, images[:2], 'mask')
    check_pairs(images, images, 'mask')


def test_few_names_are_shown_in_full():
    assert shown(['b', 'a']) == 'a, b'
