# SPDX-License-Identifier: Apache-2.0
"""The page about a run: self-contained, and there before the run is finished."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_im.evaluation.pseudo_label_writer import PseudoLabelWriter
from mmseg_im.generations import print_summary, read_summary, write_report
from mmseg_im.generations.examples import (
    FOLDER,
    TRUTH,
    choose_examples,
    keep_examples,
    keep_pictures,
    keep_truth,
    picture_file,
)
from mmseg_im.generations.page import _load

CLASSES = ('sky', 'r<oad')


def student(value, road=40.0):
    metrics = {'mIoU': value, 'IoU/sky': 60.0, 'IoU/r<oad': road}
    return dict(checkpoint='best.pth', config='config.py', seed=0, at=1, val=metrics)


@pytest.fixture(params=['one map', 'overlapping'])
def run(tmp_path, request) -> Path:
    """The files of a run of two generations, without its networks."""
    import torch

    work = tmp_path / 'a run'
    maps = 1 if request.param == 'one map' else 2
    stages = {}
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    for name in 'abcdef':
        image = rng.integers(0, 256, (24, 36, 3), np.uint8)
        assert cv2.imwrite(str(tmp_path / f'images/{name}.png'), image)
    for g in range(2):
        for i in range(2):
            stages[f'generation_{g}/student_{i}'] = student(50.0 + g + 2 * i)
            folder = work / f'generation_{g}/student_{i}'
            folder.mkdir(parents=True)
            curve = {str(e): {'mIoU': 40.0 + e} for e in (1, 2)}
            (folder / 'validation.json').write_text(json.dumps(dict(validations=curve)))
        if g == 0:
            labels = work / 'generation_0/labels'
            writer = PseudoLabelWriter(str(labels), str(tmp_path / 'images'))
            writer.dataset_meta = dict(classes=CLASSES, palette=[[1, 2, 3], [200, 100, 0]])
            for j, name in enumerate('abcdef'):
                shape = (maps, 24, 36)
                label = torch.from_numpy(rng.integers(0, 2, shape))
                mask = torch.from_numpy(rng.random(shape) < j / 10)
                writer.process({}, [dict(
                    img_path=str(tmp_path / f'images/{name}.png'),
                    pred_sem_seg=dict(data=label), inconsistent=dict(data=mask),
                )])  # fmt: skip
            stages['generation_0/labels'] = writer.evaluate(6) | {
                'pseudo/accuracy_outside': 0.9, 'pseudo/accuracy_inside': 0.4,
            }  # fmt: skip
            keep_examples(work, 0, labels)
            keep_pictures(work, unlabeled(tmp_path, maps))
            keep_truth(work, unlabeled(tmp_path, maps))
    config = {'generations.num_generations': 1, 'generations.metric': 'mIoU', 'work': 'x'}
    (work / 'state.json').write_text(json.dumps(dict(config=config, stages=stages)))
    return work


def unlabeled(folder: Path, maps: int) -> dict:
    """Config of the images, whose true labels are all road but for a strip of sky."""
    for i, cls in enumerate(CLASSES):
        road = np.full((24, 36), 1, np.uint8)
        road[:, :9] = 0
        content = road if maps == 1 else 255 * (road == i).astype(np.uint8)
        target = folder / 'true' / ('' if maps == 1 else cls)
        target.mkdir(parents=True, exist_ok=True)
        for name in 'abcdef':
            assert cv2.imwrite(str(target / f'{name}.png'), content)
    hidden = dict(
        type='LoadHiddenAnnotations', img_dir=str(folder / 'images'),
        seg_map_dir=str(folder / 'true'), classes=None if maps == 1 else CLASSES,
    )  # fmt: skip
    prefix = dict(img_path=str(folder / 'images'))
    return dict(
        type='BaseSegDataset', img_suffix='.png', data_prefix=prefix, test_mode=True,
        metainfo=dict(classes=CLASSES), pipeline=[dict(type='LoadImageFromFile'), hidden],
    )  # fmt: skip


def finish(work: Path, **test) -> None:
    state = json.loads((work / 'state.json').read_text())
    for g in range(2):
        metrics = {'mIoU': 48.0 + g, 'IoU/sky': 55.0, 'IoU/r<oad': None}
        state['stages'][f'generation_{g}/test'] = dict(student=1, test=metrics)
    (work / 'state.json').write_text(json.dumps(state))


class Tags(HTMLParser):
    """Collects what a page loads from elsewhere, and checks that tags are closed."""

    VOID = {'meta', 'img', 'br', 'link', 'input'}

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.images = [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        values = dict(attrs)
        self.images += tag == 'img'
        assert tag not in ('script', 'link', 'iframe')
        if 'src' in values:
            self.sources.append(values['src'])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize('finished', [False, True])
def test_page(run, finished):
    if finished:
        finish(run)
    page = write_report(run).read_text()
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert all(source.startswith('data:image/jpeg;base64,') for source in tags.sources)
    assert not re.search(r'url\((?!#)', page)
    # input, true label, label and mask of two most masked and two median images
    assert tags.images == 4 * 4 and page.count('>true label<') == 4
    assert 'a run' in page and 'r&lt;oad' in page and 'r<oad' not in page
    assert 'student 1 of generation 1: mIoU 53.00' in page
    assert ('49.00 on test' in page) == finished
    assert '90.0%' in page and '40.0%' in page


def test_the_true_label_is_the_annotation(run):
    label, mask = _load(run / FOLDER / TRUTH, 'f', list(CLASSES))
    road = label[-1] == 1
    assert road[:, 9:].all() and not road[:, :9].any() and not mask.any()
    assert len(label) == 1 or (label[0] == 1 - label[1]).all()


def test_without_true_labels_there_are_none(run, tmp_path):
    shutil.rmtree(run / FOLDER / TRUTH)
    data = unlabeled(tmp_path, 1)
    keep_truth(run, dict(data, pipeline=data['pipeline'][:1]))
    assert 'true label<' not in write_report(run).read_text()


@pytest.mark.parametrize('kind', ['turned', '16 bits', 'transparent'])
def test_pictures_are_what_the_pipeline_reads(run, tmp_path, kind):
    """Not what OpenCV makes of the file by itself."""
    data = unlabeled(tmp_path, 1)
    path, kept = tmp_path / 'images/f.png', picture_file(run, 'f')
    shutil.rmtree(kept.parent)
    image = np.zeros((600, 800, 3), np.uint8)
    image[:, 400:] = (10, 120, 200)  # blue, green, red
    reads = {}
    if kind == 'turned':
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(image[..., ::-1]).save(path, exif=exif)
        expected = np.rot90(image, -1)
    elif kind == '16 bits':
        assert cv2.imwrite(str(path), image.astype(np.uint16))  # 0 to 200 of 65535: black as it is
        expected = np.rint(image * (255 / 200)).astype(np.uint8)
        reads = dict(color_type='unchanged')
    else:
        expected, reads = image, dict(color_type='unchanged')
        assert cv2.imwrite(str(path), np.dstack([image, np.full((600, 800), 9, np.uint8)]))
    data['pipeline'][0].update(reads)
    keep_pictures(run, data)
    shown = cv2.imread(str(kept))
    assert max(shown.shape) == 520
    height, width = expected.shape[:2]
    for y, x in ((0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8)):
        right = expected[int(y * height), int(x * width)]
        found = shown[int(y * shown.shape[0]), int(x * shown.shape[1])]
        np.testing.assert_array_equal(found, right)


def test_table(run):
    finish(run)
    text = print_summary(read_summary(run))
    assert '50.00, 52.00' in text and '51.00, 53.00' in text and '48.00' in text


def test_before_the_first_student(run):
    state = json.loads((run / 'state.json').read_text())
    state['stages'] = {}
    (run / 'state.json').write_text(json.dumps(state))
    assert 'No student is finished yet' in write_report(run).read_text()


def test_not_a_run(tmp_path):
    with pytest.raises(FileNotFoundError, match='is not the work_dir of a generational run'):
        write_report(tmp_path)


def test_examples_are_the_worst_and_the_middle():
    images = {f'{i}': dict(masked=i / 10, agreement=0.5) for i in range(9)}
    assert choose_examples(images.items()) == {
        '8': 'most masked', '7': 'most masked', '4': 'median', '3': 'median'
    }  # fmt: skip
    without = {f'{i}': dict(masked=0.0, agreement=i / 10) for i in range(9)}
    assert choose_examples(without.items()) == {
        '0': 'least agreed', '1': 'least agreed', '4': 'median', '5': 'median'
    }  # fmt: skip
    assert choose_examples([('a', dict(masked=1.0, agreement=0.0))]) == {'a': 'most masked'}


def test_what_a_reader_is_warned_of():
    from mmseg_im.generations.summary import Generation, Summary, classes_found, warnings

    poor = {'mIoU': 16.0, 'IoU/a': 64.0, 'IoU/b': 0.0, 'IoU/c': None, 'IoU/d': 0.0}
    good = {'mIoU': 60.0, 'IoU/a': 64.0, 'IoU/b': 9.0, 'IoU/c': 70.0, 'IoU/d': 0.0}
    assert classes_found(poor) == ', finds 1 of 4 classes' and classes_found({'mIoU': 1.0}) == ''
    first = Generation(0, {0: good, 1: poor}, best=0)
    first.labels = dict(accuracy_outside=0.7, accuracy_inside=0.71)
    second = Generation(1, {0: good}, best=0, labels=dict(accuracy_outside=0.9))
    found = warnings(Summary('run', 'mIoU', {}, [first, second]))
    assert len(found) == 5
    assert found[0].startswith('Student 1 of generation 0 finds 1 of 4 classes: it has')
    assert found[1].startswith('The best student of generation 0 does not find d (IoU 0)')
    assert 'no more often right outside the mask (70.0%) than inside (71.0%)' in found[2]
    assert found[3].startswith('The best student of generation 1 does not find d (IoU 0)')
    assert 'better than generation 0: mIoU 60.00 against 60.00. The pseudo-labels do' in found[4]
    second.students[0] = dict(good, mIoU=61.0)
    assert len(warnings(Summary('run', 'mIoU', {}, [first, second]))) == 4
    assert len(warnings(Summary('run', 'mIoU', {}, [first]))) == 3
