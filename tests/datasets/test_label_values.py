# SPDX-License-Identifier: Apache-2.0
"""What all annotations of a data set say together."""

import logging

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import SemiDataset, label_values
from mmseg_im.datasets.checks import build_checked, build_evaluation, check_evaluation
from tests.datasets.conftest import LOAD, naming

WHERE = 'the.key'
OPTION = 'the.key.metainfo.may_lack_classes=True'


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """The warnings that were logged."""
    sentences: list[str] = []

    def note(text, logger, level):
        assert level == logging.WARNING
        sentences.append(text)

    monkeypatch.setattr(label_values, 'print_log', note)
    return sentences


def masks(mini, *values, dtype=np.uint8) -> None:
    """Gives labeled images annotations that together hold these values, two each."""
    for i, name in enumerate(mini.names['labeled']):
        label = np.full((12, 16), values[i % len(values)], dtype)
        label[3:6, 2:9] = values[(i + 1) % len(values)]
        assert cv2.imwrite(str(mini.annotation(name)), label)


def cfg_of(
    mini, classes=('ground', 'thing'), load='LoadAnnotations', lack=False, **changes
) -> dict:
    pipeline = [LOAD, dict(type=load), dict(type='PackSegInputs')]
    metainfo = dict(classes=classes, may_lack_classes=lack)
    cfg = dict(type='BaseSegDataset', metainfo=metainfo, seg_map_suffix='.png')
    return mini.cfg('labeled', pipeline=pipeline, **cfg, **changes)


def build(cfg: dict):
    return build_checked(cfg, WHERE, labeled=True)


def evaluate(cfg: dict):
    check_evaluation(build_evaluation(cfg, WHERE), WHERE)


def test_masks_of_0_and_255_are_refused_and_the_right_loader_is_named(mini):
    masks(mini, 0, 255)
    problem = (WHERE, '3 annotations', 'the class ground (0) alone', '255, which is ignored')
    for check in (build, evaluate):
        with pytest.raises(ValueError, match=naming(*problem, 'LoadBinaryAnnotations')):
            check(cfg_of(mini))
        check(cfg_of(mini, load='LoadBinaryAnnotations'))
    with pytest.raises(ValueError, match='train_dataloader.dataset.labeled: its 3 annotations'):
        SemiDataset(cfg_of(mini), mini.cfg('unlabeled'))


@pytest.mark.parametrize(('value', 'name'), [(0, 'ground'), (1, 'thing')])
@pytest.mark.parametrize('load', ['LoadAnnotations', 'LoadBinaryAnnotations'])
def test_one_class_is_nothing_to_learn(mini, value, name, load):
    masks(mini, value)
    with pytest.raises(ValueError, match=naming(WHERE, f'the class {name} ({value}) alone')):
        build(cfg_of(mini, load=load))
    evaluate(cfg_of(mini, load=load))  # a few images to test may show no more


def test_pixels_that_are_all_ignored_are_nothing_to_learn(mini):
    masks(mini, 255)
    with pytest.raises(ValueError, match=naming('no class alone', 'ignored', 'Binary')):
        build(cfg_of(mini))


def test_a_class_in_no_annotation_is_an_error(mini, said):
    masks(mini, 0, 2)
    problem = (WHERE, '3 annotations', 'the classes b (1), d (3)', 'Correct the annotations')
    with pytest.raises(ValueError, match=naming(*problem, OPTION)):
        build(cfg_of(mini, classes=('a', 'b', 'c', 'd')))
    masks(mini, 0, 1, 255)
    with pytest.raises(ValueError, match=naming('c (2); some pixels hold 255', OPTION)):
        build(cfg_of(mini, classes=('a', 'b', 'c')))
    evaluate(cfg_of(mini, classes=('a', 'b', 'c', 'd')))
    assert said == []


def test_a_class_in_no_annotation_is_a_warning_where_the_data_set_may_lack_it(mini, said):
    masks(mini, 0, 2)
    build(cfg_of(mini, classes=('a', 'b', 'c', 'd'), lack=True))
    assert said == [
        'the.key: none of its 3 annotations holds the classes b (1), d (3). No label teaches the '
        'network what is absent.'
    ]
    masks(mini, 0, 1, 255)
    build(cfg_of(mini, classes=('a', 'b', 'c'), lack=True))
    assert 'the class c (2); some pixels hold 255, which is ignored.' in said[1]


def test_long_lists_of_classes_are_cut(mini, said):
    masks(mini, 0, 1)
    build(cfg_of(mini, classes=[str(i) for i in range(30)], lack=True))
    assert '11 (11) and 18 others' in said[0] and '12 (12)' not in said[0]


def test_nothing_is_said_where_all_classes_are_there(mini, cells, said):
    masks(mini, 0, 1)
    build(cfg_of(mini))
    build(cells.cfg())
    masks(mini, 1, 2, 0)  # the zero is ignored
    build(cfg_of(mini, reduce_zero_label=True))
    masks(mini, 0, 1, dtype=np.uint16)
    build(cfg_of(mini, load='LoadBinaryAnnotations'))
    assert said == []


@pytest.mark.parametrize(
    ('changes', 'value', 'became'),
    [
        (dict(reduce_zero_label=True), 12, 11),
        (dict(reduce_zero_label=True), 254, 253),
        (dict(metainfo=dict(classes=('sky', 'car'))), 11, 11),  # CamVid has none of this number
        (dict(metainfo=dict(classes=('sky', 'car')), reduce_zero_label=True), 13, 12),
        (dict(reduce_zero_label=True), 256, 256),  # mmseg would read 0
    ],
)
@pytest.mark.parametrize('check', [build, evaluate])
def test_value_that_is_mapped_to_no_class(mini, changes, value, became, check):
    path = mini.annotation('l1')
    label = np.zeros((12, 16), np.uint16)
    label[3, 5] = value
    assert cv2.imwrite(str(path), label)
    mapped = [f'make {became}'] if became != value else []
    message = naming(WHERE, path, f'the value {value}', *mapped, 'classes')
    with pytest.raises(ValueError, match=message):
        check(mini.cfg('labeled', **changes))


def test_mapped_values_are_counted_as_what_they_become(mini, said):
    masks(mini, 0, 1)
    with pytest.raises(ValueError, match=naming('the class ground (0) alone')):
        build(cfg_of(mini, reduce_zero_label=True))


def test_empty_masks_of_overlapping_classes(cells, said):
    for name in cells.names:
        cv2.imwrite(str(cells.annotation('nucleus', name)), np.zeros((9, 14), np.uint8))
    with pytest.raises(ValueError, match=naming('of its 4 annotations', 'nucleus (1)', OPTION)):
        build(cells.cfg())
    cfg = cells.cfg()
    build(dict(cfg, metainfo=dict(cfg['metainfo'], may_lack_classes=True)))
    assert 'none of its 4 annotations holds the class nucleus (1).' in said[0]
    for name in cells.names:
        cv2.imwrite(str(cells.annotation('cell', name)), np.zeros((9, 14), np.uint8))
    with pytest.raises(ValueError, match='its 4 annotations hold no class alone: there is nothing'):
        build(cells.cfg())


@pytest.mark.parametrize('held', [(0, 128, 255), (128, 255)])
@pytest.mark.parametrize('check', [build, evaluate])
def test_pre_labels_that_are_not_finished_are_refused(mini, cells, held, check):
    masks(mini, *held)
    problem = (WHERE, 'suggest_labels.py that are not finished', '128 is undecided', '0 or 255')
    with pytest.raises(ValueError, match=naming(*problem)):
        check(cfg_of(mini, load='LoadBinaryAnnotations'))
    masks(mini, 0, 128)  # of another tool
    check(cfg_of(mini, load='LoadBinaryAnnotations'))
    label = np.resize(np.uint8(held), (9, 14))
    assert cv2.imwrite(str(cells.annotation('cell', 'a')), label)
    with pytest.raises(ValueError, match=naming(cells.annotation('cell', 'a'), *problem[1:])):
        check(cells.cfg())


def test_a_data_set_without_names_of_classes_is_not_judged(mini, said):
    masks(mini, 0)
    build(dict(cfg_of(mini), metainfo=None))
    assert said == []


@pytest.mark.parametrize('load', ['LoadAnnotations', 'LoadBinaryAnnotations'])
@pytest.mark.parametrize('kind', ['.jpg', '.webp'])
def test_lossy_annotations_are_refused_by_what_they_begin_with(mini, load, kind):
    masks(mini, 0, 1)
    lossy = mini.annotation('l1')
    label = cv2.imread(str(lossy), cv2.IMREAD_UNCHANGED)
    lossy.write_bytes(cv2.imencode(kind, label, [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes())
    problem = naming(WHERE, str(lossy), 'lossy', 'Save what was drawn as PNG', '--threshold')
    for check in (build, evaluate):
        with pytest.raises(ValueError, match=problem):
            check(cfg_of(mini, load=load))
