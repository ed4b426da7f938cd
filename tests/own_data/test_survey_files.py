# SPDX-License-Identifier: Apache-2.0
"""Files and folders as they lie on disks: links, tails, odd names, unreadable ones."""

import unicodedata

import cv2
import numpy as np
import pytest

from mmseg_im.own_data.folders import find_images, flaws_text
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import SIZE, in_folders, picture_of, save, true_labels, written


def test_images_of_all_kinds_load_as_8_bit_colour(folders, tmp_path):
    images, masks = folders()
    label = true_labels(1)[0]
    gray = label.astype(np.uint16) * 1500 + 100
    cv2.imwrite(str(images / 'sixteen.png'), gray)
    save(images / 'alpha.png', np.dstack([picture_of(label, np.random.default_rng(0)), label]))
    save(images / 'gray.TIF', label * np.uint8(100))
    found, _ = written(images, masks, tmp_path)
    out = tmp_path / "Ann's out/images"
    picture = cv2.imread(str(out / 'sixteen.png'), cv2.IMREAD_UNCHANGED)
    assert picture.dtype == np.uint8 and picture.shape == (*SIZE, 3)
    expected = np.rint(gray * 255.0 / 4095)  # 3100 is the largest value: a camera of 12 bits
    np.testing.assert_array_equal(picture[..., 1], expected)
    assert (out / 'alpha.png').is_symlink() and not (out / 'gray.png').is_symlink()
    assert cv2.imread(str(out / 'gray.png'), cv2.IMREAD_UNCHANGED).max() == 200
    assert len(found.images) == 13


def test_links_nested_folders_and_tails(folders, tmp_path):
    images, masks = folders()
    (tmp_path / 'elsewhere').mkdir()
    for i in range(10):
        source = images / f'img {i}ä.png'
        moved = source.rename(tmp_path / 'elsewhere' / f'{i}.png')
        source.symlink_to(moved)
    (images / 'again').symlink_to(images)  # a circle
    save(tmp_path / 'more/deep/a b.png', picture_of(true_labels(1)[0], np.random.default_rng(0)))
    (images / 'folder').symlink_to(tmp_path / 'more')
    for path in list(masks.iterdir()):
        path.rename(path.with_name(f'{path.stem}_mask.png'))
    save(masks / 'folder/deep/a b_mask.png', true_labels(1)[0])
    found, labels = written(images, masks, tmp_path)
    assert "its image and '_mask'" in found.reasons[0] and not found.flaws
    assert 'folder/deep/a b' in found.masks and len(found.images) == 11
    np.testing.assert_array_equal(labels['a b'], true_labels(1)[0])


def test_images_that_cannot_be_read_are_flaws(folders, monkeypatch):
    images, masks = folders()
    (images / 'gone.png').symlink_to(images / 'nowhere.png')
    fromfile = np.fromfile

    def locked(path, *args):
        if 'img 9' in str(path):  # file modes mean nothing to root
            raise PermissionError(13, 'Permission denied')
        return fromfile(path, *args)

    monkeypatch.setattr(np, 'fromfile', locked)
    found = survey(images, masks)
    text = flaws_text(found.flaws)
    assert 'gone.png: cannot be read (No such file or directory)' in text
    assert 'img 9ä.png: cannot be read (Permission denied)' in text
    assert len(found.images) == 9


def test_a_folder_that_is_linked_twice_is_read_twice(folders, tmp_path):
    images, _ = folders(count=2)
    both = tmp_path / 'both'
    both.mkdir()
    for name in 'ab':
        (both / name).symlink_to(images)
    assert list(find_images(both)) == ['a/img 0ä', 'a/img 1ä', 'b/img 0ä', 'b/img 1ä']
    (images / 'up').symlink_to(both)  # a circle ends
    assert set(find_images(images)) == {'img 0ä', 'img 1ä'}


@pytest.mark.parametrize('forms', [('NFC', 'NFD'), ('NFD', 'NFC')])
def test_what_looks_equal_is_equal(forms, folders, tmp_path):
    images, masks = folders(in_folders(False))
    (masks / 'part').rename(masks / unicodedata.normalize(forms[1], 'Kör'))
    for folder, form in zip((images, masks), forms, strict=True):
        for path in list(folder.rglob('*.png')):
            path.rename(path.with_name(unicodedata.normalize(form, path.name)))
    found = survey(images, masks, classes=['thing', 'Kör'])
    assert len(found.masks) == 6 and not found.flaws
    assert found.scheme.names == ('background', 'thing', 'Kör')
    for form in ('NFC', 'NFD'):
        save(images / f'{unicodedata.normalize(form, "zwölf")}.png', np.zeros(SIZE, np.uint8))
    assert 'Two files have one name' in flaws_text(survey(images, masks).flaws)
