# SPDX-License-Identifier: Apache-2.0
"""Images of more than 8 bits: each camera has its white, and floats of 0 to 1 are read."""

import cv2
import numpy as np
import pytest
from mmengine import Config

from mmseg_im.own_data.folders import flaws_text
from mmseg_im.own_data.gathered import gather
from mmseg_im.own_data.images import inspect_image
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.white import faint_text, full_scale, white_levels
from tests.own_data.conftest import SIZE, VAL, picture_of, save, true_labels, written


def gray_of(label: np.ndarray, most: float) -> np.ndarray:
    """(H, W) float: up to a value."""
    return picture_of(label, np.random.default_rng(0))[..., 0] * (most / 255)


def write(path, pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


@pytest.mark.parametrize(
    ('largest', 'white'),
    [(1, 255), (255, 255), (256, 1023), (3100, 4095), (4096, 16383), (20000, 65535)],
)
def test_cameras_have_some_numbers_of_bits(largest, white):
    assert full_scale(largest) == white


def test_a_camera_of_12_bits_beside_one_of_16(folders, tmp_path):
    """In the project, and where the same files are predicted."""
    images, masks = folders()
    label = true_labels(1)[0]
    twelve, sixteen = (gray_of(label, most).astype(np.uint16) for most in (4000, 65000))
    write(images / 'twelve.tif', twelve)
    write(images / 'sixteen.png', sixteen)
    write(images / 'other/dark.png', twelve)
    write(images / 'dark.png', sixteen // 100)  # of one camera with sixteen: it is dark
    found, _ = written(images, masks, tmp_path)
    gather(images, tmp_path / 'aside')
    for folder in (tmp_path / "Ann's out/images", tmp_path / 'aside'):
        for name, pixels, white in (
            ('twelve', twelve, 4095),
            ('sixteen', sixteen, 65535),
            ('other/dark', twelve, 4095),
            ('dark', sixteen // 100, 65535),
        ):
            picture = cv2.imread(str(folder / f'{name}.png'), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(picture[..., 1], np.rint(pixels * 255.0 / white))
    reasons = '\n'.join(make_plan(found, VAL).reasons)
    assert '4095 becomes white in' in reasons and '(*.tif)' in reasons
    assert '65535 becomes white in' in reasons
    (said,) = faint_text(found.images)
    assert said.startswith('1 image of 14 will be nearly black, such as')
    assert 'Of 16 bits' in said
    assert 'photos/dark.png' in said


def test_floats_and_whole_numbers_of_32_bits(folders, tmp_path, capfd):
    images, masks = folders()
    gray = gray_of(true_labels(1)[0], 1).astype(np.float32)
    colour = np.dstack([gray, 1 - gray, gray * gray])
    write(images / 'gray.tif', gray)
    write(images / 'double.tif', gray.astype(np.float64))
    write(images / 'colour.tiff', colour)
    write(images / 'long.tif', np.int32(gray * 60000))
    write(images / 'raw.tif', gray * 300)
    write(images / 'negative.tif', gray - 1)
    hole = gray.copy()
    hole[0, 0] = np.nan
    write(images / 'hole.tif', hole)
    capfd.readouterr()
    found, _ = written(images, masks, tmp_path)
    captured = capfd.readouterr()
    assert 'OpenCV' not in captured.err + captured.out
    text = flaws_text(found.flaws)
    assert 'raw.tif: has floats from 70.5882 to 300; 0 to 1 are read' in text
    assert (
        'negative.tif: has floats from -' in text
        and 'hole.tif: has 1 pixel without a number (NaN)' in text
    )
    out = tmp_path / "Ann's out/images"
    for name, expected in (
        ('gray', gray[..., None]),
        ('double', gray[..., None]),
        ('colour', colour),
        ('long', np.int32(gray * 60000)[..., None] / 65535),
    ):
        picture = cv2.imread(str(out / f'{name}.png'), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (*SIZE, 3) and picture.dtype == np.uint8
        assert abs(picture - np.rint(255 * expected)).max() <= 1
    ready, left_out = gather(images, tmp_path / 'aside')
    assert {f.rpartition('.')[0] for f in ready} == set(found.images)  # predict reads the same
    assert len(left_out) == 3 and 'OpenCV' not in capfd.readouterr().err


def test_images_that_show_nothing_are_named(folders):
    images, _ = folders()
    save(images / 'ids.png', true_labels(1)[0])
    save(images / 'bright.png', np.full((*SIZE, 3), 255, np.uint8))
    found = {path.stem: inspect_image(path) for path in images.iterdir()}
    black, white = faint_text(found)
    assert 'nearly black, such as' in black and 'ids.png' in black
    assert '16 bits' not in black and 'Leave out what shows nothing' in black
    assert 'nearly white, such as' in white and 'bright.png' in white
    assert set(white_levels(found).values()) == {255}
    assert not faint_text({k: v for k, v in found.items() if k not in ('ids', 'bright')})


def test_prediction_takes_the_white_of_training(folders, tmp_path, capsys):
    """A dark image comes out alike, whether it lies alone or beside a brighter one."""
    images, masks = folders()
    label = true_labels(1)[0]
    bright, dim = (gray_of(label, most).astype(np.uint16) for most in (4000, 900))
    write(images / 'bright.tif', bright)
    write(images / 'dim.tif', dim)
    written(images, masks, tmp_path)
    white = Config.fromfile(tmp_path / "Ann's out/mine.py").white
    assert white == {'.tif': 4095}
    write(tmp_path / 'new/dim.tif', dim)
    capsys.readouterr()
    gather(tmp_path / 'new', tmp_path / 'aside', white=white)
    assert capsys.readouterr().out == ''
    picture = cv2.imread(str(tmp_path / 'aside/dim.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(picture[..., 1], np.rint(dim * 255.0 / 4095))
    gather(tmp_path / 'new', tmp_path / 'unknown', config='net.py')
    out = capsys.readouterr().out
    assert '1023 becomes white' in out and "net.py: white = {'.tif': 1023}" in out


def test_two_cameras_of_one_suffix_have_no_level_in_common(folders, tmp_path):
    images, masks = folders()
    label = true_labels(1)[0]
    for name, most in (('a/one', 4000), ('b/two', 65000)):
        write(images / f'{name}.tif', gray_of(label, most).astype(np.uint16))
    written(images, masks, tmp_path)
    assert 'white' not in Config.fromfile(tmp_path / "Ann's out/mine.py")
