# SPDX-License-Identifier: Apache-2.0
"""Shapes outside of their image, and shapes thinner than a pixel."""

import numpy as np
import pytest

from mmseg_im.own_data.label_files.extents import share_inside
from tests.own_data.conftest import loaded
from tests.own_data.label_files.conftest import SIZE, coco_content, labelme_content, square, write
from tests.own_data.label_files.test_cvat import document

INSIDE = [[4, 6], [18, 6], [18, 20], [4, 20]]
AWAY = [[500, 500], [600, 500], [600, 600]]
SAID = 'lies outside of the image: x 500 to 600, y 500 to 600 in 48x64'


def labelme(folder, shapes) -> None:
    """Four images, of which the first has these shapes."""
    for i in range(4):
        content = labelme_content(f'{i}.png', shapes if i == 0 else [('a', INSIDE)])
        write(folder / f'{i}.json', content)


@pytest.mark.fast
@pytest.mark.parametrize(
    ('box', 'share'),
    [((0, 0, 64, 48), 1), ((-10, 0, 10, 10), 0.5), ((64, 0, 70, 9), 0), ((5, 5, 5, 9), 1),
     ((70, 5, 70, 9), 0), ((54, 38, 74, 58), 0.25)],
)  # fmt: skip
def test_the_share_of_a_box(box, share):
    assert share_inside(box, *SIZE) == share


@pytest.mark.parametrize('kind', ['LabelMe', 'COCO', 'CVAT'])
def test_a_shape_outside_is_a_flaw(kind, images, run, tmp_path):
    labels = tmp_path / 'labels'
    if kind == 'LabelMe':
        labelme(labels, [('a', INSIDE), ('a', AWAY)])
        where = "0.json: 0.png: shape 1 (polygon 'a')"
    elif kind == 'COCO':
        content = coco_content()
        content['annotations'][1]['segmentation'] = [[x for point in AWAY for x in point]]
        write(labels / 'coco.json', content)
        where = 'coco.json: 0.png: annotation 2'
    else:
        away = ';'.join(f'{x},{y}' for x, y in AWAY)
        shape = '<box label="a" xtl="4" ytl="6" xbr="18" ybr="20"/>'
        text = document(shape).replace(shape, f'<polygon label="a" points="{away}"/>', 1)
        write(labels / 'cvat.xml', text)
        where = 'cvat.xml: sub/0.png: polygon 0 of the image sub/0.png'
    error, text = run(images, labels)
    assert error is None and f'{where} {SAID}' in text and 'Left out: 1 image.' in text
    assert loaded(tmp_path / 'mine').keys() == {'1', '2', '3'}


@pytest.mark.parametrize(
    'shape', [('a', [[-30, 4], [-12, 4]], 'line'), ('a', [[70, 9], [80, 9]], 'circle')]
)
def test_a_line_and_a_circle_outside(shape, images, run, tmp_path):
    labelme(tmp_path / 'labels', [shape])
    error, text = run(images, tmp_path / 'labels')
    outside = shape[2] == 'line'  # the circle reaches into the image
    assert error is None
    assert ('lies outside of the image' in text) == outside
    assert ('outside: 1 shape lies by more than half outside' in text) != outside


def test_shapes_thinner_than_a_pixel_are_counted(images, run, tmp_path):
    """They take no image away, unless it has no others: so points from 0 to 1 look."""
    content = coco_content()
    thin = dict(category_id=1, iscrowd=0, segmentation=[square(8.2, 8.2, 0.1)])
    content['annotations'] += [dict(thin, id=90, image_id=0), dict(thin, id=91, image_id=4)]
    error, text = run(images, write(tmp_path / 'coco.json', content))
    assert error is None and 'not drawn: 1 shape thinner than a pixel (0: annotation 90)' in text
    assert '4.png: annotation 91 has no pixel: thinner than one' in text
    assert loaded(tmp_path / 'mine').keys() == {'0', '1', '2', '3'}


def test_runs_without_a_pixel(images, run, tmp_path):
    content = coco_content()
    content['annotations'][1]['segmentation'] = dict(size=[*SIZE], counts=[int(np.prod(SIZE))])
    error, text = run(images, write(tmp_path / 'coco.json', content))
    assert error is None and '0.png: annotation 2 has a mask without a pixel' in text


def test_shapes_that_are_mostly_outside_are_counted(images, run, tmp_path):
    shapes = [('a', [[-20, 6], [18, 6], [18, 20], [-20, 20]]), ('a', INSIDE)]
    labelme(tmp_path / 'labels', shapes)
    error, text = run(images, tmp_path / 'labels')
    said = 'outside: 1 shape lies by more than half outside of the image; what is inside is drawn '
    assert error is None and f"{said}(0: shape 0 (polygon 'a'))" in text
    assert '0' in loaded(tmp_path / 'mine')
