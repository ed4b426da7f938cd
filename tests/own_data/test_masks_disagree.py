# SPDX-License-Identifier: Apache-2.0
"""Masks that mean different things by one value are named; soft edges and lossy ones as well."""

import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmseg_im.errors import UserError
from mmseg_im.own_data.folders import flaws_text
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import SIZE, colour_mask, in_folders, save, true_labels, written


def rewrite(masks, change, which=range(3, 6)):
    """Changes some of the six masks, a function of the true label."""
    for i in which:
        save(masks / f'img {i}ä.png', change(true_labels()[i]))


def foreground(value: int):
    return lambda label: np.uint8(value) * (label > 0)


def test_half_0_and_1_and_half_0_and_255(folders, tmp_path):
    images, masks = folders(foreground(1))
    rewrite(masks, foreground(255))
    with pytest.raises(UserError) as error:
        survey(images, masks)
    text = str(error.value)
    for part in ('3 masks with 0 and 1 (such as img 0ä.png', '3 masks with 0 and 255 (such as '
                 'img 3ä.png', 'foreground=1+255', '--ignore 255'):  # fmt: skip
        assert part in text, text
    found, labels = written(
        images, masks, tmp_path, classes=['background=0', 'foreground=1+255']
    )  # what the message says
    assert found.scheme.label_space == 'binary' and len(found.masks) == 6
    for i in range(6):
        np.testing.assert_array_equal(labels[f'img {i}ä'], true_labels()[i] > 0)
    assert survey(images, masks, ignore=['255']).scheme.ignore == {255}


def test_255_alone_where_others_hold_classes_beside_it(folders):
    """It is the foreground in some, and a border in others."""

    def bordered(label):
        mask = foreground(1)(label)
        mask[:3] = 255
        return mask

    images, masks = folders(bordered)
    rewrite(masks, foreground(255))
    with pytest.raises(UserError) as error:
        survey(images, masks)
    for part in ('3 masks with 0 and 255 alone (such as img 3ä.png', '3 masks with 1 beside '
                 '255 (such as img 0ä.png', '--ignore 255'):  # fmt: skip
        assert part in str(error.value)
    named = survey(images, masks, classes=['background=0', 'cell=1'])  # what counts is known
    said = next(reason for reason in named.scheme.reasons if reason.startswith('255: '))
    assert '3 masks with 0 and 255 alone (such as img 3ä.png' in said
    assert survey(images, masks, ignore=['255']).scheme.ignore == {255}
    rewrite(masks, lambda label: label * np.uint8(0))
    assert len(survey(images, masks).masks) == 6


def test_an_image_of_background_and_unknown_pixels_is_usual(folders):
    images, masks = folders(lambda label: np.where(label == 2, 255, label).astype(np.uint8))
    rewrite(masks, foreground(255), which=[1])
    found = survey(images, masks)
    assert found.scheme.ignore == {255} and len(found.masks) == 6
    assert any('1 mask with 0 and 255 alone' in reason for reason in found.scheme.reasons)


def test_one_mask_among_many(folders):
    images, masks = folders()
    rewrite(masks, foreground(255), which=[4])
    with pytest.raises(UserError, match=r'1 mask with 0 and 255 \(such as img 4ä.png\)'):
        survey(images, masks)


def test_ids_and_grays_for_eyes(folders, tmp_path):
    images, masks = folders()
    rewrite(masks, lambda label: label * np.uint8(127))
    with pytest.raises(UserError, match=r'0, 1, 2 .*0, 127, 254 ') as error:
        survey(images, masks)
    classes = re.search('--classes ([^.]*)', str(error.value))[1].split()
    found, labels = written(images, masks, tmp_path, classes=classes)
    for i in range(6):
        np.testing.assert_array_equal(labels[f'img {i}ä'], true_labels()[i])
    assert found.scheme.names == ('background', 'NAME1', 'NAME2')


def test_class_ids_among_colours(folders):
    images, masks = folders(colour_mask)
    rewrite(masks, lambda label: label)
    with pytest.raises(UserError, match=r'3 masks of colours \(such as img 0ä.*values 0, 1, 2'):
        survey(images, masks)
    rewrite(masks, lambda label: label * np.uint8(0))  # black is what it is in colours
    assert not survey(images, masks).flaws


@pytest.mark.parametrize(
    'change',
    [
        lambda label: np.where(label == 2, 255, label).astype(np.uint8),  # 255 beside a class
        lambda label: label * (label == 1),  # fewer classes
        lambda label: label * np.uint8(0),
    ],
)
def test_masks_that_agree(change, folders):
    images, masks = folders()
    rewrite(masks, change)
    assert len(survey(images, masks).masks) == 6


def drawn(coloured=True):
    """A mask with anti-aliased edges: drawn four times as large and made smaller."""
    colours = [(0, 0, 0), (255, 0, 0), (0, 128, 255)] if coloured else [0, 255, 255]

    def mask(label):
        picture = Image.new('RGB' if coloured else 'L', (SIZE[1] * 4, SIZE[0] * 4))
        draw = ImageDraw.Draw(picture)
        for i in (1, 2):
            if (label == i).any():
                top, left = (4 * int(axis.min()) for axis in np.nonzero(label == i))
                draw.ellipse((left + 1, top + 2, left + 79, top + 78), fill=colours[i])
        return np.array(picture.resize((SIZE[1], SIZE[0]), Image.Resampling.BOX))

    return mask


def test_colours_with_soft_edges(folders, tmp_path):
    images, masks = folders(drawn())
    with pytest.raises(UserError) as error:
        survey(images, masks)
    text = str(error.value)
    for part in ('#000000 (', '#ff0000 (', '#0080ff (', 'lie between others', '--snap-colours'):
        assert part in text, text
    assert text.count('#') == 3  # no blend is called a main colour
    found, labels = written(images, masks, tmp_path, snap_colours=True)
    assert found.scheme.codes == (0, 0x0080FF, 0xFF0000) and not found.flaws
    for i in range(6):
        pixels = np.array(Image.open(masks / f'img {i}ä.png')).astype(int)
        expected = np.full(SIZE, 255)
        for cls, colour in enumerate([(0, 0, 0), (0, 128, 255), (255, 0, 0)]):
            expected[(abs(pixels - colour) <= 16).all(-1)] = cls
        np.testing.assert_array_equal(labels[f'img {i}ä'], expected)
        assert 0 < (expected == 255).mean() < 0.1


def test_a_sharp_filter_makes_colours_beyond_the_edge(folders):
    """Close to a drawn colour on its other side: they are no classes, either."""
    images, masks = folders(drawn())
    rng = np.random.default_rng(0)
    for path in masks.iterdir():
        pixels = np.array(Image.open(path)).astype(int)
        edge = (pixels[:, 1:] != pixels[:, :-1]).any(-1)
        ring = edge & (pixels[:, :-1] == 0).all(-1)
        pixels[:, :-1][ring] = rng.integers(0, 5, (ring.sum(), 3))
        save(path, pixels.astype(np.uint8))
    found = survey(images, masks, snap_colours=True)
    assert found.scheme.codes == (0, 0x0080FF, 0xFF0000) and not found.flaws


def test_ids_in_the_red_channel_are_no_soft_edges(folders):
    images, masks = folders(lambda label: np.dstack([label, label * 0, label * 0]))
    for i in range(6):
        label = np.array(Image.open(masks / f'img {i}ä.png'))
        label[0, :20, 0] = np.arange(20)
        label[1:3, :20, 0] = np.arange(20)
        save(masks / f'img {i}ä.png', label)
    assert len(survey(images, masks).scheme.codes) == 20


def test_names_for_colours_with_soft_edges(folders):
    images, masks = folders(drawn())
    classes = ['sky=#000000', 'a=#ff0000', 'b=0,128,255']
    found = survey(images, masks, classes=classes, snap_colours=True)
    assert found.scheme.codes == (0, 0xFF0000, 0x0080FF) and len(found.masks) == 6
    found = survey(images, masks, classes=['sky', 'b', 'a'], snap_colours=True)
    assert found.scheme.names == ('sky', 'b', 'a')


def test_real_colours_that_lie_between_others(folders):
    """#800000 lies between black and red, but not only where both are."""
    images, masks = folders(colour_mask)
    rare = [(128, 0, 0), (64, 0, 0), (0, 64, 128), (0, 32, 64)]
    for i, colour in enumerate(rare):
        mask = np.zeros((*SIZE, 3), np.uint8)
        mask[:5, :8] = colour
        save(masks / f'img {i}ä.png', mask)
    found = survey(images, masks)
    assert len(found.scheme.codes) == 7 and not found.flaws


def test_black_and_white_with_soft_edges(folders, tmp_path):
    images, masks = folders(drawn(coloured=False))
    with pytest.raises(UserError, match='clean mask(.|\n)*--threshold(.|\n)*--snap-colours'):
        survey(images, masks)
    found, labels = written(images, masks, tmp_path, snap_colours=True)
    assert found.scheme.label_space == 'binary' and len(found.masks) == 6
    pixels = np.array(Image.open(masks / 'img 2ä.png'))
    expected = np.where(pixels <= 16, 0, np.where(pixels >= 239, 1, 255))
    np.testing.assert_array_equal(labels['img 2ä'], expected)


def test_black_and_white_with_soft_edges_is_thresholded(folders, tmp_path):
    images, masks = folders(drawn(coloured=False))
    found, labels = written(images, masks, tmp_path, threshold=True)
    assert found.scheme.label_space == 'binary' and len(found.masks) == 6 and not found.flaws
    for i in range(6):
        pixels = np.array(Image.open(masks / f'img {i}ä.png'))
        np.testing.assert_array_equal(labels[f'img {i}ä'], pixels >= 128)


@pytest.mark.parametrize('space', ['multiclass', 'multilabel'])
def test_soft_edges_in_a_folder_for_each_class(space, folders, tmp_path):
    soft = drawn(coloured=False)
    images, masks = folders(
        lambda label: dict(a=soft(label * (label == 1)), b=soft(label // 2 * 2))
    )
    for i, faint in enumerate(([13], [20, 60, 80])):  # the very edge of something
        empty = np.zeros(SIZE, np.uint8)
        empty[10, : len(faint)] = faint
        save(masks / f'b/img {i}ä.png', empty)
    with pytest.raises(UserError) as error:
        survey(images, masks)
    lines = [line for line in str(error.value).splitlines() if 'img 2ä' in line]
    assert len(lines) == 1 and lines[0].count('img 2ä') == 1
    assert lines[0].endswith('read 128 and above as present: --threshold.')
    with pytest.raises(UserError, match='--snap-colours: .* by --threshold'):
        survey(images, masks, snap_colours=True)
    found, labels = written(images, masks, tmp_path, threshold=True, label_space=space)
    assert len(found.masks) == 6 and not found.flaws
    for i in range(6):
        a, b = (np.array(Image.open(masks / f'{cls}/img {i}ä.png')) >= 128 for cls in 'ab')
        expected = np.dstack([a, b]) if space == 'multilabel' else a + 2 * b
        np.testing.assert_array_equal(labels[f'img {i}ä'], expected)


def test_the_file_of_a_class_with_a_flaw_is_named_once(folders):
    images, masks = folders(in_folders(True))
    path = masks / 'thing/img 1ä.png'
    save(path, true_labels()[1])  # two values beside 0, which no threshold makes one
    for threshold in (False, True):
        (flaw,) = survey(images, masks, threshold=threshold).flaws
        assert flaw.file == str(path) and flaw.what.startswith('holds 2 values besides 0 (1, 2);')
        assert '--threshold' not in flaw.what


def test_jpeg_masks_are_thresholded_when_asked(folders, tmp_path):
    images, masks = folders(foreground(255))
    for i, label in enumerate(true_labels(6)):
        (masks / f'img {i}ä.png').unlink()
        save(masks / f'img {i}ä.jpg', np.uint8(255) * (label > 0))
    with pytest.raises(UserError, match='read 128 and above as 255: --threshold'):
        survey(images, masks)
    found, labels = written(images, masks, tmp_path, threshold=True)
    assert found.scheme.label_space == 'binary' and not found.flaws
    for i, label in enumerate(true_labels(6)):
        np.testing.assert_array_equal(labels[f'img {i}ä'], label > 0)


def test_only_black_and_white_can_be_thresholded(folders):
    images, masks = folders(foreground(255))
    save(masks / 'img 0ä.jpg', colour_mask(true_labels(1)[0]))
    (masks / 'img 0ä.png').unlink()
    (masks / 'img 1ä.png').unlink()
    save(masks / 'img 1ä.jpg', true_labels(2)[1])  # ids 0 to 2: black to the eye
    text = flaws_text(survey(images, masks, threshold=True).flaws)
    assert text.count('is not black and white') == 2


def test_jpeg_masks_in_a_folder_for_each_class(folders, tmp_path):
    images, masks = folders(in_folders(True))
    for path in list(masks.rglob('*.png')):
        pixels = np.uint8(255) * (np.array(Image.open(path)) > 0)
        save(path.with_suffix('.jpg'), pixels)
        path.unlink()
    _, labels = written(images, masks, tmp_path, threshold=True)
    for i, label in enumerate(true_labels(6)):
        np.testing.assert_array_equal(labels[f'img {i}ä'], np.dstack([label == 2, label > 0]))
