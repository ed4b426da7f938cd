# SPDX-License-Identifier: Apache-2.0
"""LabelMe's files become the masks that LabelMe draws."""

import json
import shutil

import numpy as np
import pytest
from mmengine import Config
from PIL import Image

from mmseg_im.datasets.checks import build_checked
from mmseg_im.errors import UserError
from mmseg_im.own_data.label_files.drawing import draw_shapes
from mmseg_im.own_data.label_files.labelme import read_labelme, shape_mask
from tests.own_data.conftest import loaded, save
from tests.own_data.label_files.conftest import SAMPLES, SIZE, labelme_content, write

BOX = [[4, 6], [18, 20]]


@pytest.mark.fast
def test_shapes_are_drawn_as_by_labelme():
    """All kinds of shape; samples/make_labelme.py made both files with LabelMe 6.3.1."""
    [entry] = read_labelme(SAMPLES / 'labelme.json').entries
    assert {shape.where.split('(')[1].split(' ')[0] for shape in entry.shapes} == {
        'polygon', 'rectangle', 'circle', 'line', 'linestrip', 'point', 'oriented_rectangle',
        'mask',
    }  # fmt: skip
    found = draw_shapes(entry.shapes, dict(a=1, b=2, c=3), entry.size)
    expected = np.array(Image.open(SAMPLES / 'labelme.png'))
    assert (found.ids == expected).all()
    assert found.overlaps[1, 2] == (found.layers[1] & found.layers[2]).sum() > 0


@pytest.mark.fast
@pytest.mark.parametrize(
    ('shape', 'match'),
    [
        (('polygon', [[1, 1], [5, 5]]), '2 of the 3 or more points'),
        (('rectangle', [[1, 1], [5, 5], [3, 3]]), '3 of the 2 points'),
        (('polygon', [[1, 1], [5, 5], [3]]), 'no pair'),
        (('polygon', [[1, 1], [5, 5], [3, 1e12]]), 'far outside'),
        (('points', [[1, 1]]), 'of a kind that has no pixels'),
        (('mask', BOX), 'no PNG in base64'),
    ],
)
def test_what_cannot_be_drawn(shape, match):
    with pytest.raises(UserError, match=match):
        shape_mask(*shape, *SIZE)


@pytest.mark.fast
def test_a_mask_that_does_not_fit_its_corners():
    content = json.loads((SAMPLES / 'labelme.json').read_text())
    mask = next(shape['mask'] for shape in content['shapes'] if shape['mask'])
    for corners in ([[60, 2], [76, 12]], [[66, 2], [80, 12]], [[-4, 2], [10, 12]]):
        with pytest.raises(UserError, match=r'mask of the size \(11, 15\) for the corners'):
            shape_mask('mask', corners, 60, 80, mask)


def test_files_beside_the_images(images, run, tmp_path):
    """An image without a file is unlabeled; a file without a shape says background."""
    shapes = [('cell', BOX, 'rectangle'), ('hole', [[8, 8], [14, 8], [14, 14]]),
              ('__ignore__', [[30, 30], [40, 30], [40, 40]])]  # fmt: skip
    for i in range(3):
        write(images / f'{i}.json', labelme_content(f'{i}.png', shapes))
    write(images / '3.json', labelme_content('3.png', []))
    write(images / 'notes.json', '{"a": 1}')
    error, text = run(images, images)
    assert error is None
    for part in ('4 files of LabelMe, drawn into masks of 4 images', '2 unlabeled',
                 'cell and hole share', 'as LabelMe itself', '1 file of other JSON'):  # fmt: skip
        assert part in text, text
    found = loaded(tmp_path / 'mine')
    assert not found['3'].any()
    expected = np.zeros(SIZE, np.uint8)
    for value, (_, points, *kind) in zip((1, 2, 255), shapes, strict=True):
        expected[shape_mask(*kind or ['polygon'], points, *SIZE)] = value
    for i in range(3):
        assert (found[str(i)] == expected).all()


@pytest.mark.parametrize('label', ['background', '_background_'])
def test_background_is_drawn_over_what_lies_below(label, images, run, tmp_path):
    shapes = [('b', BOX, 'rectangle'), (label, [[8, 8], [14, 8], [14, 14]])]
    for i in range(3):
        write(tmp_path / 'labels' / f'{i}.json', labelme_content(f'{i}.png', shapes))
    error, text = run(images, tmp_path / 'labels')
    assert error is None and 'overlaps' not in text and 'label space: binary' in text
    expected = shape_mask('rectangle', BOX, *SIZE) & ~shape_mask('polygon', shapes[1][1], *SIZE)
    assert (loaded(tmp_path / 'mine')['0'] == expected).all()


def test_classes_of_a_project_that_is_there_already(images, run, tmp_path):
    """Their ids do not depend on which of them were drawn in these files."""
    for i in range(3):
        write(tmp_path / 'labels' / f'{i}.json', labelme_content(f'{i}.png', [
            ('cell', BOX, 'rectangle')]))  # fmt: skip
    options = '--classes', 'background', 'dirt', 'cell'
    error, text = run(images, tmp_path / 'labels', *options)
    assert error is None and 'Classes without a pixel in the clean masks:\n  dirt' in text
    assert set(np.unique(loaded(tmp_path / 'mine')['0'])) == {0, 2}
    cfg = Config.fromfile(tmp_path / 'mine' / 'mine.py')
    data = cfg.train_dataloader.dataset
    labeled = data.get('labeled') or data.dataset
    assert labeled.metainfo.may_lack_classes  # so that it trains
    assert 'may_lack_classes' not in cfg.val_dataloader.dataset.metainfo
    build_checked(labeled, 'the.key', labeled=True)


def test_each_flaw_is_named_and_its_image_left_out(images, run, tmp_path):
    shapes = [('cell', BOX, 'rectangle')]
    rng = np.random.default_rng(1)
    names = ['turned', 'bad shape', 'cut', 'renamed', 'other', 'size', 'twice']
    for name in names:
        save(images / f'{name}.png', rng.integers(0, 256, (*SIZE, 3), np.uint8))
    turned = Image.open(images / 'turned.png')
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(images / 'turned.jpg', exif=exif)
    (images / 'turned.png').unlink()
    labels = tmp_path / 'labels'
    for i in range(4):
        write(labels / f'{i}.json', labelme_content(f'..\\images\\{i}.png', shapes))
    write(labels / 'turned.json', labelme_content('turned.jpg', shapes))
    write(labels / 'bad shape.json', labelme_content('bad shape.png', [('cell', BOX)]))
    write(labels / 'cut.json', json.dumps(labelme_content('cut.png', shapes))[:-9])
    write(labels / 'renamed.json', labelme_content('IMG_1.png', shapes))
    write(labels / 'other.json', labelme_content('4.png', shapes))
    write(labels / 'size.json', labelme_content('size.png', shapes, imageHeight=50))
    for i in range(2):
        write(labels / f'twice {i}.json', labelme_content('twice.png', shapes))
    error, text = run(images, labels)
    assert error is None
    for part in (
        'turned.json: 48x64 for turned.jpg, image 64x48 (height x width) once it is turned as',
        "bad shape.json: bad shape.png: shape 0 (polygon 'cell') has 2 of the 3 or more points",
        'cut.json: is damaged',
        "renamed.json: 'IMG_1.png' is not among the images; renamed, whose name the file has, is",
        "other.json: it says '4.png', and there is other, too",
        'size.json: 50x64 for size.png, image 48x64',
        'twice 1.json: twice.png',
        'Left out: 8 images.',
        '1 unlabeled',
    ):
        assert part in text, text
    assert loaded(tmp_path / 'mine').keys() == {'0', '1', '2', '3'}


def test_nothing_that_can_be_used(images, run, tmp_path):
    write(tmp_path / 'labels' / 'x.json', labelme_content('x.png', []))
    error, _ = run(images, tmp_path / 'labels')
    assert 'has no label for an image of' in error and "'x.png' is not among the images" in error
    write(tmp_path / 'labels' / 'y.json', '{"shapes": [], "imagePath": ')
    (tmp_path / 'labels' / 'x.json').unlink()
    error, _ = run(images, tmp_path / 'labels')
    assert 'y.json: is damaged' in error
    assert not (tmp_path / 'mine').exists()


def test_masks_beside_label_files_are_masks(images, run, tmp_path):
    labels = tmp_path / 'labels'
    for i in range(4):
        save(labels / f'{i}.png', np.eye(*SIZE, dtype=np.uint8))
        write(labels / f'{i}.json', labelme_content(f'{i}.png', [('cell', BOX, 'rectangle')]))
    error, text = run(images, labels)
    assert error is None and '4 files of LabelMe, which are not read here' in text
    assert (loaded(tmp_path / 'mine')['0'] == np.eye(*SIZE)).all()
    shutil.rmtree(tmp_path / 'mine')
    for i in range(4):
        (labels / f'{i}.png').unlink()
    error, text = run(images, labels)
    assert error is None and (loaded(tmp_path / 'mine')['0'][6:21, 4:19] == 1).all()
