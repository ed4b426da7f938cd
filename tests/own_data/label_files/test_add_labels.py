# SPDX-License-Identifier: Apache-2.0
"""Finished label files become labeled images of a project that is there already."""

import contextlib
import os
import shutil

import cv2
import numpy as np
import pytest

from mmseg_im.own_data.label_files import added_labels
from tests.own_data.conftest import loaded, save
from tests.own_data.label_files.conftest import coco_content, labelme_content, write

LEFT = [[4, 6], [18, 6], [18, 20], [4, 20]]
OVER = [[10, 10], [30, 10], [30, 30], [10, 30]]
WHOLE = [[0, 0], [63, 0], [63, 47], [0, 47]]


@pytest.fixture
def add(call_tool, tmp_path):
    """Adds label files to ``tmp_path/mine``; returns the exit message and what was said."""
    return lambda *labels: call_tool('add_labels.py', tmp_path / 'mine' / 'mine.py', *labels)


def labelme(folder, shapes, first: int = 0, count: int = 3):
    """Files of some images with these shapes."""
    for i in range(first, first + count):
        write(folder / f'{i}.json', labelme_content(f'{i}.png', shapes))
    return folder


def names(tmp_path, key: str) -> list[str]:
    return (tmp_path / 'mine' / f'{key}.txt').read_text().split()


def everything(folder) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.fixture
def multiclass(images, run, tmp_path):
    """A project whose images 0, 1, 2 show ``a`` and ``b``, and 3, 4, 5 are unlabeled."""
    labels = labelme(tmp_path / 'labels', [('a', LEFT), ('b', OVER)])
    assert run(images, labels, '--classes', 'b', 'a')[0] is None
    return tmp_path / 'mine'


def test_masks_have_the_ids_of_the_project(multiclass, add, tmp_path):
    before = names(tmp_path, 'labeled')
    shapes = [('a', LEFT), ('b', OVER), ('__ignore__', [[40, 30], [50, 30], [50, 40], [40, 40]])]
    error, text = add(labelme(tmp_path / 'done', shapes, 3, 2))
    assert error is None and 'Added: 2 images (3, 4). Unlabeled: 1 image.' in text
    assert names(tmp_path, 'labeled') == [*before, '3', '4']
    assert names(tmp_path, 'unlabeled') == ['5']
    label = loaded(multiclass)['3']
    assert [label[8, 8], label[15, 25], label[35, 45], label[0, 0]] == [2, 1, 255, 0]
    state = everything(multiclass)
    error, text = add(tmp_path / 'done', tmp_path / 'labels')
    assert error is None and 'left as they are: 5 images (' in text and 'Added: 0 images.' in text
    assert everything(multiclass) == state


@pytest.mark.parametrize('writes', range(4))
def test_a_run_that_is_killed_is_made_good(writes, multiclass, add, tmp_path, monkeypatch):
    """After so many of four files (two masks, two lists) the lists name what has a mask."""
    real, count = added_labels.write_aside, [0]

    def write_aside(path, content):
        if count[0] == writes:
            raise KeyboardInterrupt
        count[0] += 1
        real(path, content)

    done = labelme(tmp_path / 'done', [('a', LEFT)], 3, 2)
    monkeypatch.setattr(added_labels, 'write_aside', write_aside)
    with contextlib.suppress(KeyboardInterrupt):
        add(done)
    assert {*names(tmp_path, 'labeled'), *names(tmp_path, 'unlabeled')} >= {'3', '4', '5'}
    for name in names(tmp_path, 'labeled'):
        assert (multiclass / 'annotations' / f'{name}.png').is_file()
    monkeypatch.undo()
    assert add_again(tmp_path, done) is None
    assert names(tmp_path, 'unlabeled') == ['5']
    assert sorted(names(tmp_path, 'labeled'))[-2:] == ['3', '4']


def add_again(tmp_path, labels):
    project = added_labels.Project(tmp_path / 'mine/mine.py', ('background', 'b', 'a'),
                                   'multiclass', True)  # fmt: skip
    added_labels.add_labels(project, [labels])


def test_what_is_refused_changes_nothing(multiclass, add, tmp_path):
    state = everything(multiclass)
    labelme(tmp_path / 'done', [('a', LEFT)], 3, 2)
    labelme(tmp_path / 'done', [('A', LEFT)], 4, 1)
    error, _ = add(tmp_path / 'done')
    assert 'No classes of' in error and 'the labels A (1 shape in 4.json). It has back' in error
    error, _ = add(labelme(tmp_path / 'all', [('a', LEFT)], 3, 3))
    assert 'unlabeled.txt would be empty' in error
    strangers = write(tmp_path / 'strangers' / 'x.json', labelme_content('x.png', [('a', LEFT)]))
    error, _ = add(strangers)
    assert 'No image is added' in error and "'x.png' is not among the images" in error
    assert 'nowhere does not exist' in add(tmp_path / 'nowhere')[0]
    masks = save(tmp_path / 'masks' / 'x.png', np.eye(9, dtype=np.uint8)).parent
    assert 'holds no label files' in add(masks)[0]
    assert everything(multiclass) == state


def test_flaws_are_listed_and_the_rest_added(multiclass, add, images, tmp_path):
    done = labelme(tmp_path / 'done', [('a', LEFT)], 3, 1)
    write(done / '4.json', labelme_content('4.png', [('a', [[500, 500], [510, 500], [510, 510]])]))
    write(done / 'x.json', labelme_content('x.png', [('a', LEFT)]))
    shutil.copy(images / '5.png', multiclass / 'images' / 'new.png')
    write(done / 'new.json', labelme_content('new.png', [('a', LEFT)]))
    error, text = add(done)
    assert error is None and 'Added: 1 image (3)' in text and 'Left out: 2 images.' in text
    for part in ('lies outside of the image', "'x.png' is not among", 'neither in unlabeled.txt'):
        assert part in text, text


def test_a_link_to_a_file_of_the_user_is_replaced(multiclass, add, tmp_path):
    own = save(tmp_path / 'own.png', np.full((48, 64), 7, np.uint8))
    os.symlink(own, multiclass / 'annotations' / '3.png')
    content = own.read_bytes()
    assert add(labelme(tmp_path / 'done', [('a', LEFT)], 3, 1))[0] is None
    assert own.read_bytes() == content and loaded(multiclass)['3'][8, 8] == 2


def test_classes_that_overlap(images, run, add, tmp_path):
    path = write(tmp_path / 'labels.json', coco_content())
    assert run(images, path, '--label-space', 'multilabel')[0] is None
    done = labelme(tmp_path / 'done', [('a', LEFT), ('b', OVER)], 4, 1)
    assert 'would be empty' not in (add(done)[0] or '')
    for cls, points in (('a', LEFT), ('b', OVER)):
        mask = cv2.imread(str(tmp_path / 'mine/annotations' / cls / '4.png'), -1)
        assert np.unique(mask).tolist() == [0, 255] and mask[points[0][1] + 5, points[0][0] + 8]
    error, _ = add(labelme(tmp_path / 'more', [('a', LEFT), ('__ignore__', OVER)], 5, 1))
    assert '5.json: 5' in error and 'have no value' in error
    assert names(tmp_path, 'unlabeled') == ['5']


def test_masks_in_which_255_is_foreground_take_no_pixels_to_ignore(images, run, add, tmp_path):
    assert run(images, labelme(tmp_path / 'labels', [('a', LEFT)]))[0] is None
    error, _ = add(labelme(tmp_path / 'open', [('a', LEFT), ('__ignore__', OVER)], 3, 1))
    assert 'have no value' in error
    assert add(labelme(tmp_path / 'done', [('a', LEFT)], 3, 1))[0] is None
    assert np.unique(loaded(tmp_path / 'mine')['3']).tolist() == [0, 1]


def test_without_a_background_all_is_drawn(images, run, add, tmp_path):
    assert run(images, labelme(tmp_path / 'labels', [('a', WHOLE), ('b', LEFT)]))[0] is None
    error, _ = add(labelme(tmp_path / 'open', [('b', LEFT)], 3, 1))
    assert 'the project has no background' in error
    frame = [('__ignore__', WHOLE), ('a', OVER), ('b', LEFT)]
    assert add(labelme(tmp_path / 'done', frame, 3, 1))[0] is None
    label = loaded(tmp_path / 'mine')['3']
    assert [label[8, 8], label[25, 25], label[0, 0]] == [1, 0, 255]


def test_other_configs_are_refused(images, run, call_tool, tmp_path):
    labels = labelme(tmp_path / 'labels', [('a', LEFT), ('b', OVER)], 0, 6)
    other = write(tmp_path / 'x.py', 'model = dict()')
    assert 'no config that init_project.py writes' in call_tool('add_labels.py', other, labels)[0]
    assert run(images, labels)[0] is None
    error, _ = call_tool('add_labels.py', tmp_path / 'mine' / 'mine.py', labels)
    assert 'unlabeled.txt is not there' in error
