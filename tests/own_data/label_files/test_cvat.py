# SPDX-License-Identifier: Apache-2.0
"""CVAT's export of images becomes the masks that CVAT exports."""

import re

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_im.errors import UserError
from mmseg_im.own_data.label_files.cvat import DRAW, read_cvat
from mmseg_im.own_data.label_files.drawing import draw_shapes
from tests.own_data.conftest import loaded
from tests.own_data.label_files.conftest import SAMPLES, SIZE, coco_content, write

TEXT = (SAMPLES / 'cvat.xml').read_text()
BOX = '<box label="{}" xtl="{}" ytl="6" xbr="18" ybr="20" z_order="{}"/>'


def document(*shapes: str, count: int = 6) -> str:
    """Images ``sub/0.png`` to ``sub/3.png`` with these shapes, and others without any."""
    text = ''.join(shapes)
    images = ''.join(
        f'<image id="{i}" name="sub/{i}.png" width="64" height="48">{text if i < 4 else ""}</image>'
        for i in range(count)
    )
    return re.sub('<image.*</image>', images, TEXT, flags=re.S)


@pytest.mark.fast
def test_shapes_are_drawn_as_by_cvat():
    """samples/make_cvat.py made both files with Datumaro 1.13.12."""
    read = read_cvat(SAMPLES / 'cvat.xml')
    entry, empty = read.entries
    assert read.classes == ['a', 'b', 'c'] and not empty.annotated
    found = draw_shapes(entry.shapes, dict(a=1, b=2, c=3), entry.size)
    assert (found.ids == np.array(Image.open(SAMPLES / 'cvat.png'))).all()


@pytest.mark.fast
def test_ellipses_are_drawn_on_whole_pixels():
    """As CVAT's own code does: cv2.ellipse with rounded centre and axes."""
    values = dict(cx='30.6', cy='20.4', rx='12.5', ry='7.7', rotation='30')
    expected = np.zeros(SIZE, np.uint8)
    cv2.ellipse(expected, (31, 20), (12, 8), 30, 0, 360, 1, thickness=-1)
    assert (DRAW['ellipse'](values, *SIZE) == expected).all()


def test_a_file_becomes_a_project(images, run, tmp_path):
    """The larger ``z_order`` is above, whatever comes later; points are no pixels."""
    shapes = BOX.format('b', 4, 3), BOX.format('a', 2, 1), '<points label="c" points="1,1"/>'
    path = write(tmp_path / 'export' / 'annotations.xml', document(*shapes))
    error, text = run(images, path.parent)
    assert error is None
    for part in (
        '1 file of CVAT, drawn into masks of 4 images',
        'not labeled: 2 images without a shape (sub/4.png, sub/5.png)',
        'a and b share 784 pixels in 4 images',
        'z_order',
        'not drawn: 4 points',
        'Classes without a pixel in the clean masks:\n  c',
    ):
        assert part in text, text
    label = loaded(tmp_path / 'mine')['0']
    assert (label[6:20, 2:4] == 1).all() and (label[6:20, 4:18] == 2).all()
    assert (label > 0).sum() == 14 * 16
    error, _ = run(images, write(tmp_path / 'two' / 'b.xml', document(*shapes)).parent, '--size',
                   64, 64)  # fmt: skip
    assert 'exists with other content' in error


@pytest.mark.fast
@pytest.mark.parametrize(
    ('shape', 'match'),
    [
        ('<polygon label="a" points="1,1;5,5"/>', '2 of the 3 or more points'),
        ('<polygon label="a" points="1,1;5,x;3,3"/>', 'no number'),
        ('<polygon label="a"/>', "has no 'points'"),
        ('<box label="a" xtl="1" ytl="1" xbr="nan" ybr="4"/>', 'far outside'),
        ('<ellipse label="a" cx="1" cy="1" rx="1e9" ry="4"/>', 'radii'),
        ('<mask label="a" rle="1,3" left="1" top="1" width="3" height="2"/>', '4 pixels where 2x3'),
        ('<mask label="a" rle="1,5" left="62" top="1" width="3" height="2"/>', 'outside of 48x64'),
    ],
)
def test_what_cannot_be_drawn(shape, match, tmp_path):
    entry = read_cvat(write(tmp_path / 'a.xml', document(shape))).entries[0]
    with pytest.raises(UserError, match=f'{entry.shapes[0].where} .*{match}'):
        draw_shapes(entry.shapes, dict(a=1), SIZE)


@pytest.mark.fast
@pytest.mark.parametrize(
    ('text', 'match'),
    [
        (document(BOX.format('x', 4, 0)), r"box 0 of the image sub/0.png has the label 'x'"),
        (document(BOX.format('', 4, 0)), 'box 0 of the image sub/0.png has no label'),
        (document(BOX.format('a', 4, 'top')), 'is damaged'),
        (document().replace('name="sub/0.png"', ''), 'an image has no name'),
        (TEXT[:-40], 'is damaged'),
        ('<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + ''.join(
            f'<!ENTITY {chr(97 + i)} "{f"&{chr(96 + i)};" * 10}">' for i in range(1, 12)
        ) + ']><annotations><image name="&l;"/></annotations>', 'is damaged'),
    ],
    ids=['label', 'no label', 'z_order', 'no name', 'cut', 'laughs'],
)  # fmt: skip
def test_files_that_contradict_themselves(text, match, tmp_path):
    with pytest.raises(UserError, match=match) as error:
        read_cvat(write(tmp_path / 'a.xml', text))
    assert 'a.xml' in str(error.value)


def test_kinds_that_are_not_read(images, run, tmp_path):
    video = '<annotations><meta/><track id="0" label="a"><box frame="0"/></track></annotations>'
    error, _ = run(images, write(tmp_path / 'a.xml', video))
    assert 'no label file that is read' in error and 'CVAT for images 1.1' in error
    write(tmp_path / 'both' / 'a.xml', document(BOX.format('a', 4, 0)))
    write(tmp_path / 'both' / 'b.json', coco_content())
    error, _ = run(images, tmp_path / 'both')
    assert '1 file of CVAT' in error and '1 file of COCO' in error and 'Name one kind' in error
