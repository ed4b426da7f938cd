# SPDX-License-Identifier: Apache-2.0
"""COCO files become the masks that pycocotools draws."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from mmseg_im.errors import UserError
from mmseg_im.own_data.label_files import coco_masks
from mmseg_im.own_data.label_files.coco import read_coco, segmentation_mask
from mmseg_im.own_data.label_files.coco_masks import counts_of
from tests.own_data.conftest import loaded
from tests.own_data.label_files.conftest import SIZE, coco_content, square, write


def drawn_by_coco(path, content) -> dict[str, np.ndarray]:
    """Class ids by image, drawn by pycocotools in the order of the file; crowds first, 255."""
    with contextlib.redirect_stdout(io.StringIO()):
        tool = COCO(str(path))
    labels = {}
    for image in content['images']:
        annotations = tool.loadAnns(tool.getAnnIds(imgIds=image['id']))
        if annotations:
            label = np.zeros(SIZE, np.uint8)
            for one in sorted(annotations, key=lambda one: not one['iscrowd']):
                value = 255 if one['iscrowd'] else one['category_id']
                label[tool.annToMask(one) > 0] = value
            labels[image['file_name'].split('.')[0]] = label
    return labels


@pytest.mark.fast
def test_segmentations_are_drawn_as_by_pycocotools():
    rng = np.random.default_rng(0)
    for _ in range(60):
        polygons = [rng.uniform(-9, 80, 2 * rng.integers(3, 9)).tolist() for _ in range(2)]
        expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, *SIZE)))
        assert (segmentation_mask(polygons, *SIZE) == expected).all()
        noise = rng.random(SIZE) < rng.uniform(0.02, 0.98)
        noise[:, : rng.integers(0, 60)] = rng.random() < 0.5  # long runs and short ones
        packed = coco_mask.encode(np.asfortranarray(noise.astype(np.uint8)))
        text = packed['counts'].decode()
        assert (segmentation_mask(dict(size=[*SIZE], counts=text), *SIZE) == noise).all()
        counts = counts_of(text)
        assert coco_mask.frPyObjects(dict(size=[*SIZE], counts=counts), *SIZE) == packed
        assert (segmentation_mask(dict(size=[*SIZE], counts=counts), *SIZE) == noise).all()


@pytest.mark.fast
@pytest.mark.parametrize(
    ('segmentation', 'match'),
    [
        ([[1, 1, 5, 5]], '2 of the 3 or more points'),
        ([[1, 1, 5, 5, 1]], '5 coordinates'),
        ([1, 1, 5, 5, 1, 5], 'no list of polygons'),
        ([[1, 1, 5, 5, 1, 1e9]], 'far outside'),
        ([], 'a box alone'),
        (dict(size=[48, 64], counts=[5, 3]), 'runs of 8 pixels where 48x64 has 3072'),
        (dict(size=[48, 64], counts=[-1, 3073]), 'runs of 3072'),
        (dict(size=[48, 64], counts='0'), 'runs of 0 pixels'),
        (dict(size=[48, 64], counts='é'), 'none of COCO'),
        (dict(size=[48, 64], counts='o'), 'cut off'),
        (dict(size=[64, 48], counts=[3072]), 'the image has'),
        ('polygon', 'neither polygons nor runs'),
    ],
)
def test_what_cannot_be_drawn(segmentation, match):
    with pytest.raises(UserError, match=match):
        segmentation_mask(segmentation, *SIZE)


def test_a_file_becomes_a_project(images, run, tmp_path):
    """Crowds below all others, an overlap, an image without entry and one without a shape."""
    content = coco_content()
    content['images'].pop()
    content['images'][1]['file_name'] = 'C:\\photos\\1.jpg'
    crowd = np.zeros(SIZE, np.uint8)
    crowd[2:30, 2:12] = 1
    runs = coco_mask.encode(np.asfortranarray(crowd))
    content['annotations'] += [
        dict(id=90, image_id=0, category_id=2, iscrowd=1,
             segmentation=dict(size=[*SIZE], counts=runs['counts'].decode())),
        dict(id=91, image_id=2, category_id=1, iscrowd=0, segmentation=[square(38.3, 10.7, 9)]),
    ]  # fmt: skip
    content['categories'].append(dict(id=3, name='never'))
    path = write(tmp_path / 'labels' / 'instances.json', content)
    error, text = run(images, path.parent)
    assert error is None
    for part in (
        'labels: 1 file of COCO, drawn into masks of 4 images',
        'not labeled: 1 image without a shape',
        'ignored: pixels of 1 image',
        'overlaps: a and b share ',
        'later in the file',
        '--label-space multilabel',
        'Classes without a pixel in the clean masks:\n  never',
        '2 unlabeled',
    ):
        assert part in text, text
    content['images'][1]['file_name'] = '1.png'
    expected = drawn_by_coco(write(tmp_path / 'again.json', content), content)
    found = loaded(tmp_path / 'mine')
    assert found.keys() == expected.keys() == {'0', '1', '2', '3'}
    for name, label in expected.items():
        assert (found[name] == label).all()
    assert 255 in found['0']
    files = [*(tmp_path / 'mine' / 'annotations').iterdir()]
    assert len(files) == 4 and not any(file.is_symlink() for file in files)
    error, text = run(images, path)
    assert error is None and 'holds just this' in text


def test_overlapping_classes_when_asked(images, run, tmp_path):
    content = coco_content()
    content['annotations'][1]['segmentation'] = [square(8, 8, 14)]  # over the square of a
    crowd = dict(id=90, image_id=3, category_id=2, iscrowd=1, segmentation=[square(1, 1, 4)])
    content['annotations'].append(crowd)
    path = write(tmp_path / 'labels.json', content)
    error, text = run(images, path, '--label-space', 'multilabel', '--classes', 'b', 'a')
    assert error is None and 'label space: multilabel' in text
    assert 'not labeled: 1 image with pixels to ignore (3), for which' in text
    found = loaded(tmp_path / 'mine')
    assert found.keys() == {'0', '1', '2'}
    with contextlib.redirect_stdout(io.StringIO()):
        tool = COCO(str(path))
    for i, one in enumerate(content['annotations'][1::-1]):
        assert (found['0'][..., i] == tool.annToMask(one)).all()
    assert (found['0'].sum(axis=-1) == 2).any()


def test_labels_to_ignore_and_to_leave_out(images, run, tmp_path):
    path = write(tmp_path / 'labels.json', coco_content())
    error, _ = run(images, path, '--classes', 'a')
    assert 'labels that were drawn: b (4 shapes in 0.png, 1.png, 2.png and 1 more)' in error
    error, _ = run(images, path, '--classes', 'a', 'c')
    assert '--classes: c is no label of the files; there are a, b' in error
    error, _ = run(images, path, '--match', '(.*)')
    assert '--match: for masks' in error
    error, text = run(images, path, '--classes', 'a', '--ignore', 'b')
    assert error is None and 'label space: binary' in text
    assert all(set(np.unique(one)) == {0, 1, 255} for one in loaded(tmp_path / 'mine').values())


@pytest.mark.parametrize(
    ('spoil', 'match'),
    [
        (lambda c: c['annotations'][3].update(category_id=9), '12 has the category_id 9'),
        (lambda c: c['annotations'][3].update(image_id='x'), "annotation 12 has the image_id 'x'"),
        (lambda c: c['annotations'][3].pop('image_id'), r"annotations.3: 'image_id' is missing"),
        (lambda c: c['images'][1].update(id=0), 'two images have one id'),
        (lambda c: c.pop('categories'), "'categories' is missing"),
    ],
)  # fmt: skip
def test_files_that_contradict_themselves(spoil, match, tmp_path):
    content = coco_content()
    spoil(content)
    with pytest.raises(UserError, match=match) as error:
        read_coco(write(tmp_path / 'labels.json', content))
    assert 'labels.json' in str(error.value)


def test_without_pycocotools(images, run, tmp_path, monkeypatch):
    monkeypatch.setattr(coco_masks, 'coco', None)
    error, text = run(images, write(tmp_path / 'labels.json', coco_content()))
    assert 'pip install "pycocotools' in error and text == ''
