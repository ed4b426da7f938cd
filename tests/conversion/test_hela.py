# SPDX-License-Identifier: Apache-2.0
"""HeLa crops: position discs, crops, splits that do not leak."""

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import HeLaDataset
from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import encode, noise, read, tree, write_folder, write_zip
from tools.dataset_converters import hela
from tools.dataset_converters.hela import convert, crop_corners, draw_positions


def blob(mask: np.ndarray, y: int, x: int, radius: int = 5) -> None:
    mask[y - radius : y + radius + 1, x - radius : x + radius + 1] = 255


def disc(shape: tuple, y: int, x: int, radius: int) -> np.ndarray:
    return cv2.circle(np.zeros(shape, np.uint8), (x, y), radius, 255, -1)


def test_a_lone_position_has_radius_8():
    mask = np.zeros((60, 60), np.uint8)
    blob(mask, 20, 30)
    # the centre of a square of odd side is its middle; one is added, as in the original
    assert np.array_equal(draw_positions(mask), disc((60, 60), 21, 31, 8))


@pytest.mark.parametrize('distance, radius', [(40, 8), (24, 6), (23, 5), (16, 4), (12, 3)])
def test_radius_is_a_quarter_of_the_distance(distance, radius):
    mask = np.zeros((60, 90), np.uint8)
    blob(mask, 30, 20, 3)
    blob(mask, 30, 20 + distance, 3)
    expected = disc(mask.shape, 31, 21, radius) | disc(mask.shape, 31, 21 + distance, radius)
    assert np.array_equal(draw_positions(mask), expected)


def test_specks_vanish_and_nothing_stays_nothing():
    mask = np.zeros((30, 30), np.uint8)
    mask[10:12, 10:12] = 255  # gone after the erosion
    mask[20:23, 5:15] = 255  # a line after the erosion: no area
    assert not draw_positions(mask).any()
    assert not draw_positions(np.zeros((5, 5), np.uint8)).any()


@pytest.mark.parametrize('size', [(256, 256), (300, 700), (1040, 1408)])
def test_crops_cover_the_image(size):
    seen = np.zeros(size, int)
    corners = crop_corners(*size)
    assert len(set(corners)) == len(corners)
    for y, x in corners:
        assert 0 <= y <= size[0] - 256 and 0 <= x <= size[1] - 256
        seen[y : y + 256, x : x + 256] += 1
    assert seen.min() >= 1


def test_crops_are_where_the_original_s_are():
    height, width = 1040, 1408
    rows, columns = round(height / 102.4), round(width / 102.4)
    original = {
        (min(int(j * height / rows), height - 256), min(int(i * width / columns), width - 256))
        for i in range(columns)
        for j in range(rows)
    }
    assert set(crop_corners(height, width)) == original


def make(prefix: str = '', count: int = 10, place: str = 'mod_position') -> dict[str, bytes]:
    """Images of 256x300: two crops (one row, columns pushed together)."""
    rng = np.random.default_rng(len(prefix))
    files = {}
    for i in range(count):
        name = f'VID1_A{i}_1_00d00h00m'
        files[f'{prefix}brightfield/{name}.png'] = encode(noise(256, 300))
        for channel in ('alive', 'dead', place):
            mask = (rng.random((16, 15)) < 0.3).astype(np.uint8) * 255
            mask = cv2.resize(mask, (300, 256), interpolation=cv2.INTER_NEAREST)
            files[f'{prefix}{channel}/{name}.png'] = encode(cv2.merge([mask] * 3))
    return files


def lists(out) -> list[list[str]]:
    folder = out / 'splits' / '1_10'
    return [(folder / f'{kind}.txt').read_text().split() for kind in ('labeled', 'unlabeled')]


def source_of(crop: str) -> str:
    return crop.rsplit('_', 1)[0]


def test_no_image_stands_on_two_sides(tmp_path):
    write_folder(tmp_path / 'in', make())
    out = tmp_path / 'out'
    convert(tmp_path / 'in', out)
    crops = {
        subset: [path.stem for path in (out / 'images' / subset).iterdir()]
        for subset in ('train', 'val', 'test')
    }
    images = {subset: {source_of(crop) for crop in names} for subset, names in crops.items()}
    assert {subset: len(names) for subset, names in images.items()} == dict(train=7, val=1, test=2)
    assert len(set.union(*images.values())) == 10
    labeled, unlabeled = lists(out)
    assert sorted(labeled + unlabeled) == sorted(crops['train'])
    assert not {source_of(c) for c in labeled} & {source_of(c) for c in unlabeled}
    assert len({source_of(crop) for crop in labeled}) == 1


def test_the_leaky_split_is_by_crop(tmp_path):
    write_folder(tmp_path / 'in', make())
    convert(tmp_path / 'in', tmp_path / 'out', leaky_split=True)
    labeled, unlabeled = lists(tmp_path / 'out')
    assert {source_of(c) for c in labeled} & {source_of(c) for c in unlabeled}


def test_own_subsets_pixels_and_the_dataset(tmp_path):
    files = make('Original_Data/train_full/', 3) | make('Original_Data/val/', 1)
    files |= make('Original_Data/test/', 2)
    write_zip(tmp_path / 'hela.zip', files)
    write_folder(tmp_path / 'folder', files)
    convert(tmp_path / 'hela.zip', tmp_path / 'out')
    convert(tmp_path / 'folder', tmp_path / 'other')
    assert tree(tmp_path / 'out') == tree(tmp_path / 'other')
    assert convert(tmp_path / 'folder', tmp_path / 'out').written == 0
    name = 'VID1_A1_1_00d00h00m'
    crops = sorted((tmp_path / 'out' / 'images' / 'test').glob(f'{name}_*.png'))
    assert len(crops) == len(crop_corners(256, 300)) > 1
    for i, (y, x) in enumerate(crop_corners(256, 300)):
        for kind, folder in (('alive', 'alive'), ('dead', 'dead'), ('mod_position', 'position')):
            original = read(tmp_path / 'folder' / f'Original_Data/test/{kind}/{name}.png')[..., 0]
            written = read(tmp_path / 'out' / f'annotations/test/{folder}/{name}_{i}.png')
            assert np.array_equal(written, original[y : y + 256, x : x + 256])
    dataset = HeLaDataset(
        data_root=str(tmp_path / 'out'),
        data_prefix=dict(img_path='images/test', seg_map_path='annotations/test'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadMultiLabelAnnotations')],
    )
    assert len(dataset) == 2 * len(crops)
    sample = dataset[0]
    assert sample['gt_seg_map'].shape == (256, 256, 3) and sample['img'].shape == (256, 256, 3)


def test_positions_that_were_not_redrawn_are(tmp_path):
    files = make(place='position')
    write_folder(tmp_path / 'in', files)
    convert(tmp_path / 'in', tmp_path / 'out')
    crop = next((tmp_path / 'out' / 'annotations' / 'train' / 'position').glob('*_0.png'))
    original = read(tmp_path / 'in' / 'position' / f'{source_of(crop.stem)}.png')[..., 0]
    assert np.array_equal(read(crop), draw_positions(original)[:256, :256])


def test_what_is_missing_or_too_small(tmp_path):
    with pytest.raises(MissingFileError, match='none does not exist. The data is linked at https'):
        convert(tmp_path / 'none', tmp_path / 'out')
    files = make()
    del files['dead/VID1_A3_1_00d00h00m.png']
    write_folder(tmp_path / 'in', files)
    with pytest.raises(UserError, match='no mask in the folder dead .*VID1_A3_1'):
        convert(tmp_path / 'in', tmp_path / 'out')
    write_folder(tmp_path / 'in', make() | {'brightfield/b.png': encode(noise(200, 300))})
    for channel in ('alive', 'dead', 'mod_position'):
        write_folder(tmp_path / 'in', {f'{channel}/b.png': encode(noise(200, 300))})
    with pytest.raises(UserError, match='b.png in .* it has 200x300 pixels, and a crop 256x256'):
        convert(tmp_path / 'in', tmp_path / 'out')
    write_folder(tmp_path / 'two', make('train_full/') | make('val/', 1))
    with pytest.raises(UserError, match='only train_full, val are there'):
        convert(tmp_path / 'two', tmp_path / 'out')


def test_classes_are_those_of_the_dataset():
    assert HeLaDataset.METAINFO['classes'] == hela.CLASSES


def test_other_positions_or_lists_need_another_folder(tmp_path):
    write_folder(tmp_path / 'in', make(count=10))
    convert(tmp_path / 'in', tmp_path / 'out')
    with pytest.raises(UserError, match="was made with .*'leaky_split': False"):
        convert(tmp_path / 'in', tmp_path / 'out', leaky_split=True)
    write_folder(tmp_path / 'other', make(count=10, place='position'))
    with pytest.raises(UserError, match="was made with .*'positions': 'mod_position'"):
        convert(tmp_path / 'other', tmp_path / 'out')
