# SPDX-License-Identifier: Apache-2.0
"""Labels that are misspelled, have blanks around them, or are joined to one class."""

import numpy as np
import pytest

from mmseg_im.errors import UserError
from mmseg_im.own_data.label_files.joined_labels import joined_labels
from mmseg_im.own_data.label_files.similar_labels import similar_labels
from tests.own_data.conftest import loaded
from tests.own_data.label_files.conftest import coco_content, labelme_content, write

LEFT = [[4, 6], [18, 6], [18, 20], [4, 20]]
RIGHT = [[40, 6], [54, 6], [54, 20], [40, 20]]


def labelme(folder, *labels: tuple[str, str]) -> None:
    """Files with two squares, of these labels."""
    for i, (left, right) in enumerate(labels):
        shapes = [(left, LEFT), (right, RIGHT)]
        write(folder / f'{i}.json', labelme_content(f'{i}.png', shapes))


@pytest.mark.fast
@pytest.mark.parametrize(
    ('counts', 'similar'),
    [
        (dict(cell=9, cel=1), dict(cel='cell')),
        (dict(cell=9, Cell=8), dict(Cell='cell')),
        ({'red car': 5, 'red_car': 5, 'Red-Car': 1}, {'red_car': 'red car', 'Red-Car': 'red car'}),
        (dict(cell=9, cel=1, Cel=1), dict(cel='cell', Cel='cell')),
        (dict(cars=3, car=3), {}),  # as frequent
        (dict(car=30, cat=1), {}),
        (dict(type_a=30, type_b=1, class1=30, class2=1), {}),
        ({'+': 3, '-': 1, '_': 1}, {}),
    ],
)
def test_labels_that_look_alike(counts, similar):
    assert similar_labels(counts) == similar


def test_they_are_noted_and_can_be_joined(images, run, tmp_path):
    pair = 'cell', 'nucleus'
    labelme(tmp_path / 'labels', pair, pair, pair, ('cel', 'nucleus'), ('Cell', 'nucleus'))
    error, text = run(images, tmp_path / 'labels', '--out', tmp_path / 'other')
    assert error is None
    assert (
        'Note: the label Cell (1 shape in 4.json) looks like cell, cel (1 shape in 3.json) like '
        'cell: rename them, or join them: --classes cell=cell+Cell+cel nucleus'
    ) in text
    error, text = run(images, tmp_path / 'labels', '--classes', 'cell=cell+Cell+cel', 'nucleus')
    assert error is None and 'looks like' not in text
    found = loaded(tmp_path / 'mine')
    assert all((found[str(i)][8, [8, 45]] == [1, 2]).all() for i in range(5))


@pytest.mark.parametrize(('label', 'kept'), [('Ignore', '__ignore__'), ('backgroud', 'background')])
def test_labels_that_look_like_background_or_ignored(label, kept, images, run, tmp_path):
    labelme(tmp_path / 'labels', *[('cell', label)] * 4)
    error, text = run(images, tmp_path / 'labels', '--out', tmp_path / 'other')
    option = f'{kept}={kept}+{label}'
    assert error is None and f'looks like {kept}: rename it, or join the two' in text
    assert f'--classes {option} cell\n' in text
    error, text = run(images, tmp_path / 'labels', '--classes', option, 'cell')
    label = loaded(tmp_path / 'mine')['0']
    assert error is None and label[8, 45] == (255 if kept == '__ignore__' else 0)


@pytest.mark.fast
def test_labels_with_signs_in_them_are_not_taken_apart():
    labels = {'a+b', 'x=y', 'c'}
    classes = ['a+b', 'x=y', 'd=x=y', 'e = c + f', 'g=a+b']
    assert joined_labels(classes[:2], labels) == {'a+b': ['a+b'], 'x=y': ['x=y']}
    assert joined_labels(classes[2:], labels) == {'d': ['x=y'], 'e': ['c', 'f'], 'g': ['a+b']}


@pytest.mark.fast
@pytest.mark.parametrize(
    ('classes', 'match'),
    [
        (['a', 'a=b'], 'the name a is given twice'),
        (['a=b+c', 'c'], 'the label c is given twice'),
        (['a=b+'], 'a label is empty'),
        (['=b'], 'a name is empty'),
    ],
)
def test_classes_that_contradict_themselves(classes, match):
    with pytest.raises(UserError, match=match):
        joined_labels(classes, {'a', 'b', 'c'})


def test_a_joined_label_that_is_not_there(images, run, tmp_path):
    path = write(tmp_path / 'labels.json', coco_content())
    error, _ = run(images, path, '--classes', 'c=a+x', 'b')
    assert '--classes: x is no label of the files; there are a, b' in error
    error, text = run(images, path, '--classes', 'c=a+b')
    assert error is None and 'label space: binary' in text
    assert np.unique(loaded(tmp_path / 'mine')['0']).tolist() == [0, 1]


def test_blanks_around_labels_are_taken_away_and_said(images, run, tmp_path):
    labelme(tmp_path / 'labels', ('a', ' b'), ('a', 'b'), ('a\u00a0', 'b'), ('a', 'b'))
    error, text = run(images, tmp_path / 'labels', '--classes', 'b ', 'a')
    assert error is None and "Note: blanks around labels were taken away: ' b' (1 shape in " in text
    assert "0.json); 'a\\xa0' (1 shape in 2.json)" in text
    found = loaded(tmp_path / 'mine')
    assert all((found[str(i)][8, [8, 45]] == [2, 1]).all() for i in range(4))


def test_blanks_around_categories(images, run, tmp_path):
    content = coco_content()
    content['categories'] += [dict(id=3, name='b ')]
    content['annotations'][1]['category_id'] = 3
    error, text = run(images, write(tmp_path / 'labels.json', content))
    assert error is None and "'b ' (1 shape in 0.png)" in text
    found = loaded(tmp_path / 'mine')
    assert np.unique(found['0']).tolist() == np.unique(found['1']).tolist() == [0, 1, 2]


@pytest.mark.parametrize('label', ['a/b', '  '])
def test_a_label_that_cannot_name_a_class(label, images, run, tmp_path):
    labelme(tmp_path / 'labels', *[('a', 'a')] * 3, ('a', label))
    error, _ = run(images, tmp_path / 'labels')
    assert f'The label {label!r} (1 shape in 3.json) ' in error and '--classes NAME=LABEL' in error
    if label.strip():
        assert run(images, tmp_path / 'labels', '--classes', 'a', f'b={label}')[0] is None


def test_binary_says_how_to_get_there(images, run, tmp_path):
    labels = tmp_path / 'labels'
    labelme(labels, *[('a', 'b c')] * 4)
    error, _ = run(images, labels, '--label-space', 'binary')
    assert 'one class beside background, and the labels are a, b c.' in error
    for option in ("--classes 'foreground=a+b c'", "--classes a --ignore 'b c'"):
        assert option in error
    options = ['--label-space', 'binary', '--out', tmp_path / 'joined']
    assert run(images, labels, *options, '--classes', 'foreground=a+b c')[0] is None
    options[-1] = tmp_path / 'ignored'
    assert run(images, labels, *options, '--classes', 'a', '--ignore', 'b c')[0] is None


def test_nothing_to_tell_apart(images, run, tmp_path):
    for i in range(4):
        write(tmp_path / 'none' / f'{i}.json', labelme_content(f'{i}.png', []))
        whole = [('a', [[0, 0], [63, 47]], 'rectangle')]
        write(tmp_path / 'all' / f'{i}.json', labelme_content(f'{i}.png', whole))
    assert 'No class is drawn' in run(images, tmp_path / 'none')[0]
    assert 'a is the only class, and covers all that is labeled' in run(images, tmp_path / 'all')[0]
    assert run(images, tmp_path / 'none', '--classes', 'a')[0] is None


def test_too_many_labels(images, run, tmp_path):
    shapes = [(f'n {i}', LEFT) for i in range(300)]
    write(tmp_path / 'labels' / '0.json', labelme_content('0.png', shapes))
    error, _ = run(images, tmp_path / 'labels')
    assert 'The files hold 300 labels, and 254 classes are possible' in error
