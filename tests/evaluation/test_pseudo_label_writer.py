# SPDX-License-Identifier: Apache-2.0
"""Pseudo-labels on the disk: whole or not there, and an index that says what is in them."""

import contextlib
import errno
import json
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmseg_im.datasets.pseudo_label_files import INDEX, read_index
from mmseg_im.evaluation.pseudo_label_quality import PseudoLabelQuality, quality_counts
from mmseg_im.evaluation.pseudo_label_writer import PseudoLabelWriter
from mmseg_im.evaluation.row_writer import delete_parts
from mmseg_im.evaluation.shard_evaluator import ShardEvaluator, evaluate_shards
from mmseg_im.evaluation.written_label import describe

CLASSES = ('sky', 'road', 'car')


def sample(name: str, seed: int, maps: int = 1, size=(9, 13), **fields) -> dict:
    rng = np.random.default_rng(seed)
    high = len(CLASSES) if maps == 1 else 2
    label = torch.from_numpy(rng.integers(0, high, (maps, *size)))
    mask = torch.from_numpy(rng.random((maps, *size)) < 0.2)
    return dict(
        img_path=f'images/{name}', pred_sem_seg=dict(data=label), inconsistent=dict(data=mask),
        **fields,
    )  # fmt: skip


def write(out: Path, samples: list[dict], **options) -> dict:
    writer = PseudoLabelWriter(str(out), 'images', **options)
    writer.dataset_meta = dict(classes=CLASSES, palette=None)
    for i in range(0, len(samples), 2):
        writer.process({}, samples[i : i + 2])
    return writer.evaluate(len(samples))


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_files_and_index(tmp_path):
    samples = [sample(f'town/{i}.jpg', i) for i in range(5)]
    metrics = write(tmp_path, samples)
    index = read_index(tmp_path)
    assert index.head['classes'] == list(CLASSES) and index.head['overlapping'] is False
    assert list(index) == [f'town/{i}' for i in range(5)]
    for i, one in enumerate(samples):
        label, mask = one['pred_sem_seg']['data'][0].numpy(), one['inconsistent']['data'][0].numpy()
        np.testing.assert_array_equal(read(tmp_path / f'labels/town/{i}.png'), label)
        np.testing.assert_array_equal(read(tmp_path / f'masks/town/{i}.png'), 255 * mask)
        row = index[f'town/{i}']
        assert row['masked'] == pytest.approx(mask.mean())
        assert row['pixels'] == [int(((label == c) & ~mask).sum()) for c in range(3)]
        assert row['image'] == f'images/town/{i}.jpg'
    assert metrics['pseudo/images'] == 5
    assert metrics['pseudo/masked'] == pytest.approx(
        np.mean([s['inconsistent']['data'].numpy().mean() for s in samples])
    )
    assert not list(tmp_path.rglob('*.tmp'))


def test_classes_that_overlap(tmp_path):
    one = sample('a.png', 0, maps=3)
    write(tmp_path, [one])
    index = read_index(tmp_path)
    assert index.head['overlapping'] is True
    for i, name in enumerate(CLASSES):
        label, mask = (one[k]['data'][i].numpy() for k in ('pred_sem_seg', 'inconsistent'))
        np.testing.assert_array_equal(read(tmp_path / f'labels/{name}/a.png'), 255 * label)
        np.testing.assert_array_equal(read(tmp_path / f'masks/{name}/a.png'), 255 * mask)
    union = one['inconsistent']['data'].any(dim=0).double().mean()
    assert index['a']['masked'] == pytest.approx(float(union))


def test_agreement_of_two_voters_is_dice():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 2, (2, 1, 8, 8))
    mask = first != second
    voters = np.array([((first == c).sum() + (second == c).sum()) / 2 for c in range(2)])
    dice = [2 * ((first == c) & (second == c)).sum() / ((first == c).sum() + (second == c).sum())
            for c in range(2)]  # fmt: skip
    row = describe(first.astype(np.uint8), mask, voters, 2)
    assert row['agreement'] == pytest.approx(np.mean(dice))


def test_equal_voters_agree_and_classes_that_nobody_found_do_not_count():
    label = np.zeros((1, 4, 4), np.uint8)
    row = describe(label, np.zeros((1, 4, 4), bool), np.array([16.0, 0.0, 0.0]), 3)
    assert row == dict(masked=0.0, pixels=[16, 0, 0], agreement=1.0)
    row = describe(label, np.ones((1, 4, 4), bool), np.array([8.0, 8.0]), 2)
    assert row == dict(masked=1.0, pixels=[0, 0], agreement=0.0)


def test_an_ordinary_segmentor_has_no_mask(tmp_path):
    one = sample('a.png', 0)
    one.pop('inconsistent')
    write(tmp_path, [one])
    assert not read(tmp_path / 'masks/a.png').any()
    assert read_index(tmp_path)['a']['agreement'] == 1.0


def test_nan_images_get_no_label(tmp_path):
    write(tmp_path, [sample('a.png', 0), sample('b.png', 1, finite=False)])
    assert list(read_index(tmp_path)) == ['a']
    assert not (tmp_path / 'labels/b.png').exists()


def test_only_nan_images(tmp_path):
    assert write(tmp_path, [sample('b.png', 1, finite=False)])['pseudo/images'] == 0


def test_an_image_outside_img_dir(tmp_path):
    one = sample('a.png', 0)
    one['img_path'] = 'elsewhere/a.png'
    with pytest.raises(ValueError, match='img_dir=images does not hold elsewhere/a.png'):
        write(tmp_path, [one])


def test_a_full_disk(tmp_path, monkeypatch):
    """The error names the file and the remedy; no half file and no index stay behind."""
    original = Path.write_bytes

    def full(self, content):
        if '3.png' in self.name and 'masks' in self.parts:
            original(self, content[:10])
            raise OSError(errno.ENOSPC, 'No space left on device')
        return original(self, content)

    monkeypatch.setattr(Path, 'write_bytes', full)
    match = r'masks/3.png cannot be written \(No space left on device\). Free space .*--resume'
    with pytest.raises(ValueError, match=match):
        write(tmp_path, [sample(f'{i}.png', i) for i in range(40)])
    assert not (tmp_path / INDEX).exists()
    assert not list(tmp_path.rglob('*.tmp'))
    with pytest.raises(FileNotFoundError, match='holds no finished pseudo-labels'):
        read_index(tmp_path)


def test_labels_are_written_again_over_old_ones(tmp_path):
    write(tmp_path, [sample('a.png', 0)])
    write(tmp_path, [sample('a.png', 1)])
    expected = sample('a.png', 1)['pred_sem_seg']['data'][0].numpy()
    np.testing.assert_array_equal(read(tmp_path / 'labels/a.png'), expected)


def test_rows_are_json_without_nan(tmp_path):
    write(tmp_path, [sample('a.png', 0)])
    with contextlib.closing(sqlite3.connect(tmp_path / INDEX)) as connection:
        [(text,)] = connection.execute('SELECT value FROM rows')
    json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize('maps', [1, 3])
def test_quality_against_numpy(maps):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 3 if maps == 1 else 2, (maps, 11, 7))
    hidden = np.where(rng.random(label.shape) < 0.1, 255, rng.integers(0, 2, label.shape))
    mask = rng.random(label.shape) < 0.3
    found = quality_counts(*map(torch.from_numpy, (label, mask, hidden)), num_classes=3)
    for c in range(3):
        of_class = (hidden == c) if maps == 1 else (
            (hidden != 255) & (np.arange(3)[:, None, None] == c)
        )  # fmt: skip
        for inside in (0, 1):
            chosen = of_class & (mask == inside)
            expected = [chosen.sum(), (chosen & (label == hidden)).sum()]
            np.testing.assert_array_equal(found[c, inside], expected)


def test_quality_metric():
    metric = PseudoLabelQuality()
    metric.dataset_meta = dict(classes=CLASSES)
    one = sample('a.png', 0)
    one['hidden_sem_seg'] = dict(data=one['pred_sem_seg']['data'].clone())
    metric.process({}, [one])
    assert metric.evaluate(1) == {'pseudo/accuracy_outside': 1.0, 'pseudo/accuracy_inside': 1.0}
    one['inconsistent']['data'][:] = False
    metric.process({}, [one])
    assert metric.evaluate(1) == {'pseudo/accuracy_outside': 1.0}
    one.pop('hidden_sem_seg')
    with pytest.raises(ValueError, match='PseudoLabelQuality needs the true labels'):
        metric.process({}, [one])


def test_parts_of_jobs_are_joined_again_after_a_kill(tmp_path):
    """Before it was noted that they are joined; then they are deleted."""
    labels, samples = tmp_path / 'labels', [sample(f'{i}.jpg', i) for i in range(5)]
    metrics = [dict(type='PseudoLabelWriter', out_dir=str(labels), img_dir='images')]
    meta = dict(classes=CLASSES, palette=None)
    files = [tmp_path / '0', tmp_path / '1']
    for file, part in zip(files, (samples[:2], samples[2:]), strict=True):
        evaluator = ShardEvaluator(metrics, str(file))
        evaluator.dataset_meta = meta
        evaluator.metrics[0].process({}, part)
        evaluator.evaluate(len(part))
    first = evaluate_shards(metrics, meta, 5, files)
    content = dict(read_index(labels).pairs())
    assert evaluate_shards(metrics, meta, 5, files) == first
    assert dict(read_index(labels).pairs()) == content and len(content) == 5
    assert len(list(labels.glob('.rows_*'))) == 2
    delete_parts(labels)
    assert not list(labels.glob('.rows_*'))
