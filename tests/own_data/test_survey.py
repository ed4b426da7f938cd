# SPDX-License-Identifier: Apache-2.0
"""Every flaw is named, nothing clean is left out, and arguments that do not fit are refused."""

import numpy as np
import pytest

from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.own_data.folders import flaws_text
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import (
    SIZE,
    colour_mask,
    in_folders,
    label_of,
    plant_flaws,
    save,
    true_labels,
)


def test_every_flaw_is_named_and_the_rest_is_clean(folders):
    images, masks = folders()
    expected = plant_flaws(images, masks)
    found = survey(images, masks)
    text = flaws_text(found.flaws)
    for flaw, parts in expected.items():
        line = [line for line in text.splitlines() if parts[0] in line]
        assert line and all(part in ' '.join(line) for part in parts), (flaw, text)
    clean = [f'img {i}ä' for i in range(10)]
    assert list(found.images) == clean and list(found.masks) == clean[:6]
    assert len(text.splitlines()) - text.count(':\n') == len(expected)  # and nothing else


def test_flaws_of_folders(folders):
    images, masks = folders(in_folders(True))
    save(masks / 'part/img 0ä.png', label_of(np.random.default_rng(0)))
    (masks / 'thing/img 1ä.png').unlink()
    save(masks / 'part/img 2ä.png', np.zeros((5, 6), np.uint8))
    save(masks / 'part/other.png', np.zeros(SIZE, np.uint8))
    text = flaws_text(survey(images, masks).flaws)
    for part in ('holds 2 values besides 0', 'none in thing', '(5, 6)', 'other.png'):
        assert part in text
    with pytest.raises(UserError, match='0 images have a clean mask') as error:
        survey(images, masks, label_space='multiclass')
    assert str(error.value).count('part and thing share 400 pixels') == 3


@pytest.mark.parametrize(
    ('classes', 'names', 'codes'),
    [
        (('a', 'b', 'c'), ('a', 'b', 'c'), (0, 1, 2)),
        (('a', 'b', 'c', 'd'), ('a', 'b', 'c', 'd'), (0, 1, 2, 3)),
        (('b=2', 'a=0', 'c=1'), ('b', 'a', 'c'), (2, 0, 1)),
    ],
)
def test_classes_that_are_given(classes, names, codes, folders):
    scheme = survey(*folders(), classes=classes).scheme
    assert (scheme.names, scheme.codes) == (names, codes)


def test_a_class_without_pixels_and_a_value_without_class(folders):
    images, masks = folders()
    found = survey(images, masks, classes=['a', 'b', 'c', 'd'])
    assert 'Classes without a pixel in the clean masks:\n  d' in flaws_text(found.flaws)
    save(masks / 'img 0ä.png', np.full(SIZE, 9, np.uint8))
    found = survey(images, masks, classes=['a', 'b', 'c'])
    assert 'img 0ä.png: 9 in 3072 pixels' in flaws_text(found.flaws)
    assert 'img 0ä' not in found.images


def test_a_small_class_is_no_mistake_when_it_is_named(folders):
    images, masks = folders()
    label = true_labels(1)[0]
    label[0, 0] = 3
    save(masks / 'img 0ä.png', label)
    assert 'img 0ä' not in survey(images, masks).images
    assert 'img 0ä' in survey(images, masks, classes=['a=0', 'b=1', 'c=2', 'd=3']).images


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(classes=['a', 'b=1']), 'for all classes or for none'),
        (dict(classes=['a=0', 'a=1']), 'the name a is given twice'),
        (dict(classes=['a=0', 'b=x']), "'x' is neither a value"),
        (dict(ignore=['#ffffff']), 'is a colour, and the masks hold values'),
        (dict(label_space='multilabel'), 'needs a folder of masks for each class'),
        (dict(label_space='binary'), 'has two classes, and the masks hold 3'),
        (dict(classes=['a', 'b']), 'every mask holds others: 2. Give each class its value'),
        (dict(classes=['a=7', 'b=8']), '0 images have a clean mask'),
    ],
)
def test_arguments_that_do_not_fit(options, match, folders):
    with pytest.raises(UserError, match=match):
        survey(*folders(), **options)


def test_folders_that_do_not_fit(folders, tmp_path):
    images, masks = folders(lambda label: np.arange(SIZE[0] * SIZE[1]).reshape(SIZE).astype('u2'))
    with pytest.raises(UserError, match='hold 3071 classes, and 254 are possible'):
        survey(images, masks)
    with pytest.raises(UserError, match='lie in one folder'):
        survey(images, images)
    with pytest.raises(MissingFileError, match='nowhere does not exist'):
        survey(tmp_path / 'nowhere', masks)
    (tmp_path / 'bare').mkdir()
    with pytest.raises(UserError, match='holds no images'):
        survey(tmp_path / 'bare', masks)
    with pytest.raises(UserError, match='holds no mask'):
        survey(images, tmp_path / 'bare')


def test_colours_that_have_too_few_names(folders):
    with pytest.raises(UserError, match=r'names 2 classes, and the masks hold 3 colours'):
        survey(*folders(colour_mask), classes=['a', 'b'])
    found = survey(*folders(colour_mask), classes=['a=#000000', 'b=255,0,0'], ignore=['#0080ff'])
    assert found.scheme.codes == (0, 0xFF0000) and not found.flaws


def test_names_that_are_there_twice(folders):
    images, masks = folders(lambda label: dict(background=label == 0))
    with pytest.raises(UserError, match='Two classes would be called background'):
        survey(images, masks)
