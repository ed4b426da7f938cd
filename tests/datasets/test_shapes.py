# SPDX-License-Identifier: Apache-2.0
"""The data set that draws itself."""

import errno
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import ShapesDataset
from mmseg_im.datasets.shapes import draw_sample

SMALL = dict(num_train=6, num_labeled=2, num_val=2, size=32)


def draw(root: Path, **changes) -> ShapesDataset:
    prefix = dict(img_path='images/train', seg_map_path='annotations/train')
    return ShapesDataset(**SMALL | dict(data_root=str(root), data_prefix=prefix) | changes)


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob('*') if p.is_file()}


def test_layout(tmp_path):
    draw(tmp_path / 'shapes')
    counts = dict(train=6, val=2, test=2)
    assert set(files(tmp_path / 'shapes')) == {
        'shapes.json',
        'splits/labeled.txt',
        'splits/unlabeled.txt',
        'splits/few/labeled.txt',
        'splits/few/unlabeled.txt',
        *(
            f'{kind}/{split}/{i:04d}.png'
            for kind in ('images', 'annotations')
            for split, count in counts.items()
            for i in range(count)
        ),
    }


def test_same_seed_gives_the_same_bytes(tmp_path):
    for root in ('a', 'b'):
        np.random.seed(len(os.listdir(tmp_path)))  # the global state has no say
        draw(tmp_path / root, seed=5)
    assert files(tmp_path / 'a') == files(tmp_path / 'b')


def test_images_differ_between_seeds_splits_and_numbers(tmp_path):
    images = []
    for seed in (0, 1):
        draw(tmp_path / str(seed), seed=seed)
        drawn = files(tmp_path / str(seed))
        images += [content for name, content in drawn.items() if name.startswith('images')]
    assert len(set(images)) == len(images) == 20


def test_labels_are_classes_and_all_classes_occur(tmp_path):
    dataset = draw(tmp_path / 'shapes')
    root = tmp_path / 'shapes'
    for split in ('train', 'val', 'test'):
        labels = [
            cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            for path in (root / 'annotations' / split).iterdir()
        ]
        assert {label.shape for label in labels} == {(32, 32)}
        assert set(np.unique(labels)) <= {0, 1, 2, 3}
        if split == 'train':
            assert set(np.unique(labels)) == set(range(len(dataset.metainfo['classes'])))


def test_shapes_are_where_the_label_says():
    # the label sets shapes off from the background; turned or mirrored, it does so less
    moves = [np.array, np.transpose, np.flipud, np.fliplr, np.rot90]
    contrasts = np.zeros(len(moves))
    for i in range(24):
        image, label = draw_sample(np.random.default_rng(i), size=64)
        for k, move in enumerate(moves):
            shapes = move(label) > 0
            contrasts[k] += np.abs(image[shapes].mean(0) - image[~shapes].mean(0)).max()
    assert contrasts[0] > 1.25 * contrasts[1:].max()


def test_lists_are_disjoint_and_complete(tmp_path):
    draw(tmp_path / 'shapes')
    splits = tmp_path / 'shapes' / 'splits'
    labeled, unlabeled = (
        (splits / f'{kind}.txt').read_text().split() for kind in ('labeled', 'unlabeled')
    )
    assert (len(labeled), len(unlabeled)) == (2, 4)
    drawn = {path.stem for path in (tmp_path / 'shapes' / 'images' / 'train').iterdir()}
    assert set(labeled) | set(unlabeled) == drawn and not set(labeled) & set(unlabeled)


def test_list_is_read_as_by_mmseg(tmp_path):
    assert len(draw(tmp_path / 'shapes')) == 6
    dataset = draw(tmp_path / 'shapes', ann_file='splits/labeled.txt')
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    assert [Path(path).name for path in paths] == ['0000.png', '0001.png']
    assert all(os.path.isfile(path) for path in paths)


def test_drawn_once(tmp_path):
    def times() -> dict:
        return {p: p.stat().st_mtime_ns for p in [tmp_path, *tmp_path.rglob('*')]}

    draw(tmp_path / 'shapes')
    before = times()
    draw(tmp_path / 'shapes')
    assert times() == before


@pytest.mark.parametrize(
    'changes',
    [dict(seed=1), dict(size=40), dict(num_train=7), dict(num_labeled=3), dict(num_val=3)],
    ids=lambda changes: next(iter(changes)),
)
def test_folder_drawn_with_other_values_is_refused(tmp_path, changes):
    root = tmp_path / 'shapes'
    draw(root)
    before = files(root)
    with pytest.raises(ValueError, match=f'{root} exists and was not drawn with'):
        draw(root, **changes)
    assert files(root) == before


@pytest.mark.parametrize('name', ['photo.png', 'shapes.json'])
def test_foreign_folder_is_refused(tmp_path, name):
    root = tmp_path / 'shapes'
    root.mkdir()
    (root / name).write_text('{}')
    with pytest.raises(ValueError, match=f'{root} exists and was not drawn with'):
        draw(root)
    assert files(root) == {name: b'{}'}


@pytest.mark.parametrize('written', [0, 7, 12, 14])
def test_nothing_is_half_written(tmp_path, monkeypatch, written):
    calls = []
    write_bytes = Path.write_bytes

    def full_in_the_middle(path, content):
        calls.append(path)
        if len(calls) > written:
            write_bytes(path, content[:10])
            raise OSError(errno.ENOSPC, 'No space left on device')
        write_bytes(path, content)

    monkeypatch.setattr(Path, 'write_bytes', full_in_the_middle)
    with pytest.raises(ValueError, match=r'cannot be written \(No space left on device\)'):
        draw(tmp_path / 'shapes')
    assert len(calls) == written + 1
    assert os.listdir(tmp_path) == []
    monkeypatch.undo()
    assert len(draw(tmp_path / 'shapes')) == 6


def test_another_process_may_be_first(tmp_path, monkeypatch):
    root = tmp_path / 'shapes'
    draw(tmp_path / 'theirs')
    rename = os.rename

    def rename_late(source, target):
        shutil.copytree(tmp_path / 'theirs', root)
        rename(source, target)

    monkeypatch.setattr(os, 'rename', rename_late)
    assert len(draw(root)) == 6
    assert sorted(os.listdir(tmp_path)) == ['shapes', 'theirs']
    assert files(root) == files(tmp_path / 'theirs')


def test_file_in_the_way_is_reported(tmp_path):
    (tmp_path / 'shapes').write_text('not a folder')
    with pytest.raises(OSError, match='shapes'):
        draw(tmp_path / 'shapes')
    assert os.listdir(tmp_path) == ['shapes']
