# SPDX-License-Identifier: Apache-2.0
"""Labels that are written for LabelMe are read back as they were, within a pixel at the rim."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_im.own_data.label_files import outlines as module
from mmseg_im.own_data.label_files.drawing import draw_shapes
from mmseg_im.own_data.label_files.labelme import read_labelme
from mmseg_im.own_data.label_files.labelme_writing import write_labelme
from mmseg_im.own_data.label_files.outlines import outlines
from tests.own_data.conftest import save

pytestmark = pytest.mark.fast
SIZE = 120, 160
IDS = dict(background=0, __ignore__=255, a=1, b=2, c=3)


def blobs(seed: int, count: int) -> np.ndarray:
    """(H, W) uint8: smooth regions of ``count`` values, with holes and islands."""
    noise = np.random.default_rng(seed).normal(size=(count, *SIZE))
    return np.argmax([cv2.GaussianBlur(one, (0, 0), 7) for one in noise], axis=0).astype(np.uint8)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def read_back(file: Path, ids: dict[str, int]):
    [entry] = read_labelme(file).entries
    return draw_shapes(entry.shapes, ids, entry.size)


@pytest.mark.parametrize('seed', range(3))
def test_classes_that_do_not_overlap(seed, tmp_path):
    label = blobs(seed, 4)
    undecided = cv2.GaussianBlur(np.random.default_rng(9).normal(size=SIZE), (0, 0), 9) > 0.04
    label[:5, :20] = 255
    file = tmp_path / 'x.json'
    write_labelme(file, label[None], ['background', 'a', 'b', 'c'], 'x.png', undecided[None])
    expected = np.where(undecided, 255, label)
    found = read_back(file, IDS).ids
    for value in range(1, 4):
        assert iou(found == value, expected == value) > 0.93
    assert iou(found == 255, expected == 255) > 0.96
    # what differs lies at most a pixel and the rim of its neighbour from where the label changes
    kernel = np.ones((5, 5), np.uint8)
    inside = cv2.erode(expected, kernel) == cv2.dilate(expected, kernel)
    large = np.zeros(SIZE, bool)
    for value in (0, 1, 2, 3, 255):
        for part in outlines(expected == value):
            canvas = np.zeros(SIZE, np.uint8)
            cv2.fillPoly(canvas, part, 1)
            large |= canvas > 0
    assert (found == expected)[inside & large].all()


def test_classes_that_overlap(tmp_path):
    maps = np.stack([blobs(seed, 2) for seed in range(2)])
    file = tmp_path / 'x.json'
    write_labelme(file, maps, ['a', 'b'], 'x.png')
    found = read_back(file, IDS)
    for i in range(2):
        assert iou(found.layers[i + 1], maps[i] > 0) > 0.95
    assert found.overlaps


def test_a_hole_is_cut_and_its_pieces_are_a_group(tmp_path):
    label = np.zeros(SIZE, np.uint8)
    label[10:90, 10:90] = 1
    label[30:60, 30:41] = label[70:80, 60:85] = 0
    label[12:15, 80:83] = 0  # nine pixels are no hole
    label[40:45, 33:38] = 2  # an island
    label[100:103, 5:8] = 2  # no part
    file = tmp_path / 'x.json'
    write_labelme(file, label[None], ['background', 'a', 'b'], 'x.png')
    found = read_back(file, IDS).ids
    label[12:15, 80:83], label[100:103, 5:8] = 1, 0
    assert (found == label).all()
    parts = outlines(label == 1)
    assert len(parts) == 1 and len(parts[0]) == 3
    assert all(len(polygon) <= 16 for polygon in parts[0])


def test_lines_and_specks():
    mask = np.zeros(SIZE, bool)
    mask[5, 5:40] = mask[50:52, 7] = True
    np.fill_diagonal(mask[60:80, 60:80], True)
    parts = outlines(mask)
    assert len(parts) == 2
    canvas = np.zeros(SIZE, np.uint8)
    for polygons in parts:
        cv2.fillPoly(canvas, [one.astype(np.int32) for one in polygons], 1)
    mask[50:52, 7] = False
    assert (canvas == mask).all()


def test_thousands_of_holes_are_cut(monkeypatch):
    monkeypatch.setattr(module, 'TOLERANCE', 0.0)
    noise = np.random.default_rng(0).random((300, 300)) < 0.62
    mask = cv2.morphologyEx(noise.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
    canvas = np.zeros(mask.shape, np.uint8)
    for part in outlines(mask > 0):
        for polygon in part:
            cv2.fillPoly(canvas, [polygon.astype(np.int32)], 1)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    expected = mask & (stats[parts][..., cv2.CC_STAT_AREA] >= module.LEAST)
    _, gaps, stats, _ = cv2.connectedComponentsWithStats(1 - expected, connectivity=4)
    expected |= stats[gaps][..., cv2.CC_STAT_AREA] < module.LEAST
    assert iou(canvas > 0, expected > 0) > 0.98


def test_without_a_background_all_is_covered(tmp_path):
    label = blobs(5, 3)
    file = tmp_path / 'x.json'
    write_labelme(file, label[None], ['a', 'b', 'c'], 'x.png')
    drawing = read_back(file, IDS)
    assert set(np.unique(drawing.ids)) == {1, 2, 3, 255}
    assert (drawing.ids == 255).mean() < 0.03


@pytest.mark.parametrize('overlapping', [False, True])
def test_predictions_become_files_that_init_project_reads(overlapping, tmp_path, run):
    images, out = tmp_path / 'images', tmp_path / 'out'
    for i in range(3):
        name = f'deep/{i}' if i else str(i)
        save(images / f'{name}.png', np.full((*SIZE, 3), 90, np.uint8))
        if overlapping:
            for seed, cls in enumerate(('a', 'b')):
                save(out / cls / f'{name}.png', blobs(10 * i + seed, 2) * np.uint8(255))
        else:
            save(out / f'{name}.png', blobs(i, 3))
    classes = ['a', 'b'] if overlapping else ['background', 'a', 'b']
    names = ['0.png', 'deep/1.png', 'deep/2.png']
    folder = tmp_path / 'labelme'
    for name in names:
        files = [out / cls / name for cls in classes] if overlapping else [out / name]
        label = np.stack([cv2.imread(str(file), -1) for file in files])
        label = (label > 0).astype(np.uint8) if overlapping else label
        target = folder / Path(name).with_suffix('.json')
        write_labelme(target, label, classes, images / name)
    space = ['--label-space', 'multilabel'] if overlapping else []
    error, text = run(images, folder, *space)
    assert error is None and '3 files of LabelMe' in text
    files = [*(tmp_path / 'mine/annotations').rglob('*.png')]
    assert len(files) == (6 if overlapping else 3)
    for file in files:
        written = cv2.imread(str(out / file.relative_to(tmp_path / 'mine/annotations')), -1)
        again = cv2.imread(str(file), -1)
        assert iou(again > 0, written > 0) > 0.93
