# SPDX-License-Identifier: Apache-2.0
"""IM++ in miniature: folds, the quality network, and how often images are drawn."""

import copy
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine import Config
from mmengine.registry import RUNNERS
from mmseg.registry import TRANSFORMS

from mmseg_im.datasets.pseudo_label_files import QUALITY, QUALITY_ROW, read_index
from mmseg_im.files.row_file import RowFile
from mmseg_im.generations.evalnet_stages import folds
from tests.generations.conftest import make_generations_cfg


def small(mini_shapes, work: Path) -> Config:
    cfg = make_generations_cfg(mini_shapes, work, 'im-plus-plus')
    cfg.generations.evalnet.update(
        num_folds=2, max_epochs=1, times=2, channels=2, batch_size=2, min_class_iou=0.2
    )
    cfg.train_cfg.max_epochs = 1
    cfg.param_scheduler[0].end = 1
    return cfg


@pytest.fixture(scope='module')
def finished(mini_shapes, tmp_path_factory):
    work = tmp_path_factory.mktemp('quality') / 'work'
    cfg = small(mini_shapes, work)
    return cfg, RUNNERS.build(copy.deepcopy(cfg)).train(), work


def test_stages(finished):
    _, stages, _ = finished
    expected = [
        'generation_0/student_0', 'generation_0/student_1', 'generation_0/labels',
        'evalnet/fold_0/student_0', 'evalnet/fold_0/student_1',
        'evalnet/fold_1/student_0', 'evalnet/fold_1/student_1',
        'evalnet/fold_0/labels', 'evalnet/fold_1/labels', 'evalnet/val/labels',
        'evalnet/network', 'generation_0/quality',
        'generation_1/student_0', 'generation_1/student_1',
        'generation_0/test', 'generation_1/test',
    ]  # fmt: skip
    assert list(stages) == expected


def test_a_fold_is_labeled_by_networks_that_did_not_see_it(finished):
    _, _, work = finished
    seen = []
    for i in range(2):
        labeled = set(read_index(work / f'evalnet/fold_{i}/labels'))
        for j in range(2):
            config = Config.fromfile(work / f'evalnet/fold_{i}/student_{j}/config.py')
            others = {f'{k:04d}' for k in config.train_dataloader.dataset.labeled.indices}
            assert not labeled & others and len(labeled | others) == 4
        seen += sorted(labeled)
    assert sorted(seen) == ['0000', '0001', '0002', '0003']


def test_images_are_drawn_as_often_as_the_network_says(finished):
    _, stages, work = finished
    shapes = dict(thresholds=dict(low=float, high=float)), QUALITY_ROW
    quality = RowFile(work / 'generation_0/labels' / QUALITY, *shapes, '')
    validation = json.loads((work / 'evalnet/validation.json').read_text())
    assert len(validation) == 2
    low, high = np.quantile(validation, [0.25, 0.75])
    assert quality.head['thresholds']['low'] == pytest.approx(low)
    assert quality.head['thresholds']['high'] == pytest.approx(high)
    assert len(quality) == 8
    draws = [row['draws'] for row in quality.values()]
    assert all(1 <= d <= 5 for d in draws)
    assert stages['generation_0/quality']['quality/draws'] == pytest.approx(np.mean(draws))
    student = Config.fromfile(work / 'generation_1/student_0/config.py')
    assert student.train_dataloader.dataset.draws == 'quality'


def test_resume_redoes_nothing(finished):
    cfg, stages, work = finished
    before = {p: p.stat().st_mtime_ns for p in work.rglob('*.pth')}
    resumed = copy.deepcopy(cfg)
    resumed.resume = True
    assert RUNNERS.build(resumed).train() == stages
    assert {p: p.stat().st_mtime_ns for p in work.rglob('*.pth')} == before


def test_what_the_network_said_is_judged_again_if_it_is_damaged(finished, tmp_path):
    """And so are the qualities of the validation images, without a new training."""
    cfg, stages, whole = finished
    work = tmp_path / 'work'
    shutil.copytree(whole, work)
    files = (f'generation_0/labels/{QUALITY}', 'evalnet/validation.json')
    for name in files:
        (work / name).write_text('[{}]')
    state = json.loads((work / 'state.json').read_text())
    for name in ('generation_1/student_1', 'generation_1/test'):
        del state['stages'][name]
    (work / 'state.json').write_text(json.dumps(state))
    shutil.rmtree(work / 'generation_1' / 'student_1')
    before = (work / 'evalnet/network/best.pth').stat().st_mtime_ns
    resumed = copy.deepcopy(cfg)
    resumed.work_dir, resumed.resume = str(work), True
    assert RUNNERS.build(resumed).train() == stages
    assert all((work / name).read_bytes() == (whole / name).read_bytes() for name in files)
    assert (work / 'evalnet/network/best.pth').stat().st_mtime_ns == before


@pytest.mark.parametrize(('count', 'number'), [(7, 3), (4, 2), (5, 5)])
def test_folds(count, number):
    parts = folds(count, number)
    assert sorted(i for part in parts for i in part) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize('maps', [1, 2])
def test_candidates_against_opencv(tmp_path, maps):
    """Masked pixels are 255; erosion, then dilation of the mask, as OpenCV does them."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, (maps, 20, 30)).astype(np.uint8)
    mask = cv2.dilate((rng.random((20, 30)) < 0.02).astype(np.uint8), np.ones((4, 4)))
    files = dict(labels={}, masks={})
    for i in range(maps):
        for kind, content in (
            ('labels', label[i] * (255 if maps > 1 else 1)),
            ('masks', 255 * mask),
        ):
            files[kind][str(i)] = str(tmp_path / f'{kind}{i}.png')
            assert cv2.imwrite(files[kind][str(i)], content)
    if maps == 1:
        files = {kind: paths['0'] for kind, paths in files.items()}
    load = TRANSFORMS.build(dict(type='LoadCandidate', kernels=(3,)))
    found = load.transform(dict(candidate_files=files, seg_fields=[]))
    square = np.ones((3, 3), np.uint8)
    expected = cv2.dilate(cv2.erode(mask, square), square) > 0
    for i in range(maps):
        one = found['candidate'] if maps == 1 else found['candidate'][..., i]
        np.testing.assert_array_equal(one == 255, expected)
        kept = (mask == 0) & ~expected
        np.testing.assert_array_equal(one[kept], label[i][kept])
    assert found['seg_fields'] == ['candidate']
