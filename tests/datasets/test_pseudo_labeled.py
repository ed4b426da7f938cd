# SPDX-License-Identifier: Apache-2.0
"""Labeled and pseudo-labeled images in one data set, aligned to the pixel."""

import copy
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import DATASETS

from mmseg_im.datasets.chosen_labels import draws_by_mask
from mmseg_im.datasets.pseudo_label_files import INDEX, QUALITY
from mmseg_im.evaluation.written_label import describe
from mmseg_im.files.row_file import write_rows

LOAD = dict(type='LoadImageFromFile')


class Written:
    """Pseudo-labels of the mini CamVid: the true label plus one; even columns of it masked."""

    def __init__(self, mini, folder: Path):
        self.mini = mini
        self.folder = folder
        images = {}
        for name in mini.names['unlabeled']:
            label, mask = self.label(name), self.mask(name)
            for kind, content in (('labels', label), ('masks', 255 * mask.astype(np.uint8))):
                path = folder / kind / f'{name}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                assert cv2.imwrite(str(path), content)
            row = describe(label[None], mask[None], None, 11)
            images[name] = dict(row, same_classes=True, image=str(mini.image(name)))
        self.index = dict(
            classes=list(DATASETS.build(mini.cfg('labeled')).metainfo['classes']),
            palette=None, overlapping=False, images=images,
        )  # fmt: skip
        self.write_index()

    def write_index(self) -> None:
        head = {key: value for key, value in self.index.items() if key != 'images'}
        rows = self.index['images'].items()
        write_rows(self.folder / INDEX, head, ((name, json.dumps(row)) for name, row in rows))

    def label(self, name: str) -> np.ndarray:
        image = cv2.imread(str(self.mini.image(name)))
        return self.from_image(torch.from_numpy(image).movedim(-1, 0))

    def mask(self, name: str) -> np.ndarray:
        return cv2.imread(str(self.mini.image(name)))[..., 0] // 8 % 4 == 0

    def from_image(self, image: torch.Tensor) -> np.ndarray:
        x, y, number = image.numpy().astype(int) // 8
        return ((x + 3 * y + 2 * number + 1) % 11).astype(np.uint8)

    def cfg(self, geometry=None, **changes) -> dict:
        geometry = self.mini.geometry if geometry is None else geometry
        unlabeled = self.mini.cfg('unlabeled')
        unlabeled['pipeline'] = [
            LOAD, dict(type='LoadAnnotations'), dict(type='LoadInconsistencyMask'), *geometry,
            dict(type='FilterInconsistentPixels', block_input=False), dict(type='PackSegInputs'),
        ]  # fmt: skip
        cfg = dict(
            type='PseudoLabeledDataset', labeled=self.mini.cfg('labeled'), unlabeled=unlabeled,
            labels=str(self.folder), labeled_ratio=0.375,
        )  # fmt: skip
        return cfg | changes


@pytest.fixture
def written(mini, tmp_path) -> Written:
    return Written(mini, tmp_path / 'labels')


def check_aligned(written: Written, sample: dict, labeled: bool) -> None:
    image, label = sample['inputs'], sample['data_samples'].gt_sem_seg.data[0].numpy()
    if labeled:
        expected = written.mini.label_of(image)
    else:
        masked = image[0].numpy() // 8 % 4 == 0
        expected = np.where(masked, 255, written.from_image(image))
    np.testing.assert_array_equal(label, expected)


def test_every_pixel_keeps_its_label_through_crop_and_flip(written):
    """Also when a sample is loaded again: transforms must not leave traces in the data set."""
    dataset = DATASETS.build(written.cfg())
    assert len(dataset) == 8  # five pseudo-labeled ones beside three labeled ones
    for epoch in range(4):
        dataset.set_epoch(0, epoch)
        for i in range(len(dataset)):
            check_aligned(written, dataset[i], labeled=i < 3)


def test_resize_moves_image_label_and_mask_alike(written):
    resize = dict(type='RandomResize', scale=(32, 24), ratio_range=(1.0, 1.0), keep_ratio=True)
    dataset = DATASETS.build(written.cfg((resize,)))
    sample = dataset[5]['data_samples']
    name = Path(sample.img_path).stem
    small = np.where(written.mask(name), 255, written.label(name))
    np.testing.assert_array_equal(
        sample.gt_sem_seg.data[0].numpy(), small.repeat(2, axis=0).repeat(2, axis=1)
    )


@pytest.mark.parametrize(('ratio', 'samples'), [(0.25, 16), (0.5, 6), (0.75, 8), (0.01, 4)])
def test_labeled_images_keep_their_share(written, ratio, samples):
    dataset = DATASETS.build(written.cfg(labeled_ratio=ratio, num_samples=samples))
    names = [Path(dataset[i]['data_samples'].img_path).stem for i in range(len(dataset))]
    assert len(names) == samples
    assert sum(name.startswith('l') for name in names) == max(round(ratio * samples), 1)


def test_epochs_go_on_where_the_last_one_stopped(written):
    """Three pseudo-labeled samples an epoch, five images: all are seen equally often."""
    dataset = DATASETS.build(written.cfg(labeled_ratio=0.5, num_samples=6))
    seen = Counter()
    for epoch in range(5):
        dataset.set_epoch(0, epoch)
        seen.update(Path(dataset[i]['data_samples'].img_path).stem for i in range(6))
    assert {name: seen[name] for name in written.mini.names['unlabeled']} == dict.fromkeys(
        written.mini.names['unlabeled'], 3
    )
    assert {name: seen[name] for name in written.mini.names['labeled']} == dict.fromkeys(
        written.mini.names['labeled'], 5
    )


def test_without_a_clock_everything_can_be_drawn(written):
    """An iteration-based loop has no epochs: short "epochs" must not hide any image."""
    dataset = DATASETS.build(written.cfg(num_samples=2))
    names = {Path(dataset[i]['data_samples'].img_path).stem for i in (0, 1) for _ in range(60)}
    assert names == {*written.mini.names['labeled'], *written.mini.names['unlabeled']}


def test_without_labels_only_labeled_images(written):
    dataset = DATASETS.build(written.cfg(labels=None, num_samples=7))
    assert len(dataset) == 7
    for i in range(7):
        check_aligned(written, dataset[i], labeled=True)
    assert len(DATASETS.build(written.cfg(labels=None))) == 3


def test_annotations_of_unlabeled_images_are_not_read(written):
    for name in written.mini.names['unlabeled']:
        written.mini.annotation(name).unlink()
    dataset = DATASETS.build(written.cfg())
    check_aligned(written, dataset[7], labeled=False)


def test_samples_depend_on_seed_epoch_and_index_alone(written, content):
    first, second = (DATASETS.build(written.cfg()) for _ in range(2))
    for dataset in (first, second):
        dataset.set_epoch(3, 2)
    second[0], second[4]
    assert [content(first[i]) for i in range(8)] == [content(second[i]) for i in range(8)]


def test_more_is_drawn_of_what_is_less_masked(written):
    masked = dict(u0=0.0, u1=0.3, u2=0.5, u3=0.9, u4=1.0)
    for name, share in masked.items():
        written.index['images'][name]['masked'] = share
    written.write_index()
    dataset = DATASETS.build(written.cfg(draws='masked', labeled_ratio=0.25))
    dataset.set_epoch(0, 0)
    expected = dict(u0=5, u1=4, u2=3, u3=1)  # ceil(5 * (1 - masked)); u4 is left out
    assert {n: draws_by_mask(m) for n, m in masked.items()} == expected | dict(u4=0)
    names = Counter(Path(dataset[i]['data_samples'].img_path).stem for i in range(len(dataset)))
    assert {n: c for n, c in names.items() if n.startswith('u')} == expected
    assert sum(c for n, c in names.items() if n.startswith('l')) == round(13 / 3)


def test_quality_says_how_often_and_which_classes(written):
    images = {
        name: dict(quality=0.5, draws=i, ignored_classes=[1, 3])
        for i, name in enumerate(written.mini.names['unlabeled'])
    }
    rows = ((name, json.dumps(row)) for name, row in images.items())
    write_rows(written.folder / QUALITY, {}, rows)
    dataset = DATASETS.build(written.cfg(draws='quality', geometry=()))
    dataset.set_epoch(0, 0)
    samples = [dataset[i]['data_samples'] for i in range(len(dataset))]
    names = Counter(Path(s.img_path).stem for s in samples)
    assert {n: c for n, c in names.items() if n.startswith('u')} == dict(u1=1, u2=2, u3=3, u4=4)
    for sample in samples:
        name = Path(sample.img_path).stem
        if name.startswith('u'):
            label = written.label(name)
            label[written.mask(name) | (label == 1) | (label == 3)] = 255
            np.testing.assert_array_equal(sample.gt_sem_seg.data[0].numpy(), label)


@pytest.mark.parametrize(
    ('filters', 'change', 'left'),
    [
        (dict(max_ratio=0.4), dict(masked=0.5), 4),
        (dict(max_ratio=0.5), dict(masked=0.5), 5),
        (dict(same_classes=True), dict(same_classes=False), 4),
        (dict(min_foreground=True), dict(masked=0.5, pixels=[60, 36]), 4),
        (dict(min_foreground=True), dict(masked=0.25, pixels=[72, 72]), 5),
        (dict(min_foreground=True), dict(masked=0.25, pixels=[96, 48]), 4),  # equal
        (dict(min_foreground=True), dict(masked=0.0, pixels=[192, 0]), 4),
        (dict(min_foreground=True), dict(masked=1.0, pixels=[0, 0]), 4),
    ],
)
def test_filters(written, filters, change, left):
    for row in written.index['images'].values():
        row.update(masked=0.0, pixels=[96, 96])
    written.index['images']['u2'].update(change)
    written.write_index()
    dataset = DATASETS.build(written.cfg(**filters))
    names = {Path(info['img_path']).stem for info in dataset.pseudo}
    assert len(names) == left and ('u2' in names) == (left == 5)


def test_images_without_a_row_are_left_out(written):
    """A teacher returned NaN for them."""
    del written.index['images']['u1']
    written.write_index()
    assert len(DATASETS.build(written.cfg()).pseudo) == 4


def test_no_image_is_left(written):
    with pytest.raises(ValueError, match='none of the 5 pseudo-labeled images in .* is left: '):
        DATASETS.build(written.cfg(max_ratio=0.01))


@pytest.mark.parametrize('kind', ['labels', 'masks'])
def test_missing_and_cut_files_are_named(written, kind):
    path = written.folder / kind / 'u3.png'
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    with pytest.raises(ValueError, match=rf'{kind}/u3.png is cut off. Write the pseudo-labels'):
        DATASETS.build(written.cfg())
    path.write_bytes(b'')
    with pytest.raises(ValueError, match=rf'{kind}/u3.png is cut off'):
        DATASETS.build(written.cfg())
    path.unlink()
    with pytest.raises(FileNotFoundError, match=rf'{kind}/u3.png does not exist'):
        DATASETS.build(written.cfg())


def test_a_label_that_breaks_while_training_is_named(written):
    dataset = DATASETS.build(written.cfg())
    for name in written.mini.names['unlabeled']:
        path = written.folder / 'labels' / f'{name}.png'
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match=r'labels/u\d.png is cut off. Write the pseudo-labels'):
        dataset[7]


def test_unfinished_labels(written):
    (written.folder / INDEX).unlink()
    with pytest.raises(FileNotFoundError, match='holds no finished pseudo-labels'):
        DATASETS.build(written.cfg())


def test_labels_of_other_classes(written):
    written.index['classes'][0] = 'heaven'
    written.write_index()
    with pytest.raises(ValueError, match='was written for the classes heaven, building'):
        DATASETS.build(written.cfg())


@pytest.mark.parametrize(
    ('changes', 'match'),
    [
        (dict(labeled_ratio=0.0), 'labeled_ratio=0.0 must lie'),
        (dict(labeled_ratio=1.0), 'labeled_ratio=1.0 must lie'),
        (dict(num_samples=1), 'num_samples=1 must be 2'),
        (dict(draws='often'), "draws='often' must be"),
    ],
)
def test_options(written, changes, match):
    with pytest.raises(ValueError, match=match):
        DATASETS.build(written.cfg(**changes))


def test_in_a_semi_dataset(written):
    """All samples of it count as labeled, beside an unlabeled one with its views."""
    cfg = dict(type='SemiDataset', labeled=written.cfg(), unlabeled=written.mini.cfg('unlabeled'))
    dataset = DATASETS.build(copy.deepcopy(cfg))
    kinds = set()
    for epoch in range(8):
        dataset.set_epoch(0, epoch)
        for i in range(len(dataset)):
            sample = {key: value['sup'] for key, value in dataset[i].items()}
            labeled = Path(sample['data_samples'].img_path).stem.startswith('l')
            check_aligned(written, sample, labeled)
            kinds.add(labeled)
    assert kinds == {True, False}
