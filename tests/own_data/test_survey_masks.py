# SPDX-License-Identifier: Apache-2.0
"""Masks of all kinds: annotations say what they say."""

import os

import numpy as np
import pytest
from PIL import Image

from mmseg_im.errors import UserError
from mmseg_im.own_data.folders import flaws_text
from mmseg_im.own_data.masks import inspect_mask
from mmseg_im.own_data.survey import class_pixels, survey
from tests.own_data.conftest import (
    COLOURS,
    SIZE,
    colour_mask,
    in_folders,
    save,
    true_labels,
    written,
)


@pytest.mark.parametrize(
    ('mask', 'space', 'reason'),
    [
        (lambda label: label, 'multiclass', '3, because the masks hold so many values: 0, 1, 2'),
        (colour_mask, 'multiclass', '#000000, #0080ff, #ff0000'),
        (lambda label: np.dstack([colour_mask(label), 255 - 100 * label]), 'multiclass', 'RGB'),
        (lambda label: label * np.uint8(50), 'multiclass', '0, 50, 100'),
        (lambda label: np.repeat(label[..., None], 3, -1), 'multiclass', 'three equal ones'),
        (lambda label: label.astype(np.uint16) * 1000, 'multiclass', '0, 1000, 2000'),
        (lambda label: 255 * (label > 0).astype(np.uint8), 'binary', '255'),
        (lambda label: label > 0, 'binary', '0, 1'),
        (lambda label: colour_mask(label * (label < 2)), 'binary', '#ff0000'),
        (lambda label: np.where(label == 2, 255, label).astype(np.uint8), 'binary', 'ignored: 255'),
    ],
)
def test_masks_of_all_kinds(mask, space, reason, folders, tmp_path):
    found, labels = written(*folders(mask), tmp_path)
    assert found.scheme.label_space == space and not found.flaws
    assert reason in '\n'.join(found.scheme.reasons)
    truth = true_labels()
    colours = '#' in reason
    for i in range(6):
        expected = truth[i]
        if space == 'binary':
            expected = (expected == 1 if colours else expected > 0).astype(np.uint8)
            if reason.startswith('ignored'):
                expected = np.where(truth[i] == 2, 255, truth[i])
        elif found.scheme.kind == 'colours':  # in the order of their numbers: red is the last
            expected = np.uint8([0, 2, 1])[expected]
        np.testing.assert_array_equal(labels[f'img {i}ä'], expected)


def test_palette_masks_are_linked_with_their_colours(folders, tmp_path):
    images, masks = folders()
    palette = [value for i in range(3) for value in COLOURS[i]]
    for path, label in zip(sorted(masks.iterdir()), true_labels(), strict=False):
        save(path, label, palette)
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.palette == tuple(COLOURS[i] for i in range(3))
    np.testing.assert_array_equal(labels['img 5ä'], true_labels()[5])
    link = tmp_path / "Ann's out/annotations/img 5ä.png"
    assert link.is_symlink() and os.path.samefile(link, masks / 'img 5ä.png')


def test_overlapping_folders_are_multi_label(folders, tmp_path):
    found, labels = written(*folders(in_folders(True)), tmp_path)
    assert found.scheme.label_space == 'multilabel' and found.scheme.names == ('part', 'thing')
    for i, label in enumerate(true_labels(6)):
        np.testing.assert_array_equal(labels[f'img {i}ä'], np.dstack([label == 2, label > 0]))


def test_folders_that_do_not_overlap_are_multi_class(folders, tmp_path):
    images, masks = folders(in_folders(False))
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.names == ('background', 'part', 'thing')
    np.testing.assert_array_equal(labels['img 0ä'], np.uint8([0, 2, 1])[true_labels(1)[0]])
    assert survey(images, masks, label_space='multilabel').scheme.label_space == 'multilabel'


def test_one_folder_is_binary(folders, tmp_path):
    mask = lambda label: dict(thing=255 * (label > 0).astype(np.uint8))  # noqa: E731
    found, labels = written(*folders(mask), tmp_path)
    assert found.scheme.label_space == 'binary'
    assert found.scheme.names == ('background', 'thing')
    np.testing.assert_array_equal(labels['img 3ä'], true_labels(4)[3] > 0)


def test_palettes_that_differ_are_read_as_colours(folders, tmp_path):
    """1 is red in one file and blue in the next: the number of the entry says nothing."""
    images, masks = folders()
    truth = true_labels()
    for i, path in enumerate(sorted(masks.iterdir())):
        order = [0, 2, 1] if i % 2 else [0, 1, 2]
        palette = [value for entry in order for value in COLOURS[entry]]
        save(path, np.uint8(order)[truth[i]], palette)
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.kind == 'colours' and not found.flaws
    assert 'the entry 1 is #ff0000 in' in found.scheme.reasons[0]
    for i in range(6):  # in the order of the colours' numbers
        np.testing.assert_array_equal(labels[f'img {i}ä'], np.uint8([0, 2, 1])[truth[i]])


def test_entries_that_no_pixel_has_may_differ(folders):
    images, masks = folders()
    for i, path in enumerate(sorted(masks.iterdir())):
        palette = [value for entry in range(3) for value in COLOURS[entry]] + [i, i, i]
        save(path, true_labels()[i], palette)
    assert survey(images, masks).scheme.kind == 'values'


def test_a_folder_of_background_takes_in_what_is_uncovered(folders, tmp_path):
    images, masks = folders(
        lambda label: {
            'background': (label == 0) & (np.arange(SIZE[1]) < 30),
            'a cell': label == 1,
        }
    )
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.names == ('background', 'a cell') and not found.flaws
    truth = true_labels(6)
    for i, label in enumerate(truth):
        np.testing.assert_array_equal(labels[f'img {i}ä'], label == 1)
    counts = [class_pixels(mask, found.scheme) for mask in found.masks.values()]
    assert [count['background'] for count in counts] == [int((x != 1).sum()) for x in truth]


def test_lossy_formats_of_masks(tmp_path):
    label = np.random.default_rng(0).integers(0, 3, SIZE).astype(np.uint8)
    for name, options in (('a.webp', {}), ('a.jp2', {})):
        Image.fromarray(label).convert('RGB').save(tmp_path / name, **options)
        with pytest.raises(UserError, match=f'{name} is a lossy'):
            inspect_mask(tmp_path / name)
    Image.fromarray(label).convert('RGB').save(tmp_path / 'b.webp', lossless=True)
    assert set(inspect_mask(tmp_path / 'b.webp').counts) == {0, 1, 2}
    Image.fromarray(label.astype(np.int32) * 70000).save(tmp_path / 'c.tif')
    assert set(inspect_mask(tmp_path / 'c.tif').counts) == {0, 70000, 140000}


def test_masks_with_soft_edges(folders):
    images, masks = folders(lambda label: 255 * (label > 0).astype(np.uint8))
    soft = 255 * (true_labels(1)[0] > 0).astype(np.uint8)
    soft[10, :3] = 60, 128, 200
    save(masks / 'img 0ä.png', soft)
    found = survey(images, masks)
    assert found.scheme.label_space == 'binary'
    text = flaws_text(found.flaws)
    assert '60 in 1 pixel, 128 in 1 pixel, 200 in 1 pixel' in text and '--snap-colours' in text
