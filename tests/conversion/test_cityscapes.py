# SPDX-License-Identifier: Apache-2.0
"""Cityscapes from its archives."""

import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset

from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import encode, noise, read, tree, write_folder, write_zip
from tools.dataset_converters.cityscapes import convert, to_train_ids

# the published table, as name: (id, train id)
OFFICIAL = """unlabeled 0 255, ego vehicle 1 255, rectification border 2 255, out of roi 3 255,
static 4 255, dynamic 5 255, ground 6 255, road 7 0, sidewalk 8 1, parking 9 255, rail track 10 255,
building 11 2, wall 12 3, fence 13 4, guard rail 14 255, bridge 15 255, tunnel 16 255, pole 17 5,
polegroup 18 255, traffic light 19 6, traffic sign 20 7, vegetation 21 8, terrain 22 9, sky 23 10,
person 24 11, rider 25 12, car 26 13, truck 27 14, bus 28 15, caravan 29 255, trailer 30 255,
train 31 16, motorcycle 32 17, bicycle 33 18, license plate -1 255"""
TABLE = {int(row.split()[-2]): int(row.split()[-1]) for row in OFFICIAL.split(',')}
NAMES = {
    'train': ['aachen/aachen_000000_000019', 'bochum/bochum_000000_000313'],
    'val': [f'{city}/{city}_00000{i}_000294' for city in ('lindau', 'munster') for i in (1, 0, 2)],
    'test': ['berlin/berlin_000000_000019'],
}


def make() -> tuple[dict, dict, dict]:
    """Members of the three archives."""
    images, labels, extra = {'README': b'x', 'license.txt': b'x'}, {'README': b'x'}, {}
    ids = np.uint8([*range(34), 255, 0]).reshape(4, 9)
    for subset, names in NAMES.items():
        for i, name in enumerate(names):
            images[f'leftImg8bit/{subset}/{name}_leftImg8bit.png'] = encode(noise(4, 9))
            stem = f'gtFine/{subset}/{name}_gtFine'
            labels[f'{stem}_labelIds.png'] = encode(np.roll(ids, i, axis=1))
            labels[f'{stem}_color.png'] = encode(noise(4, 9))
            labels[f'{stem}_instanceIds.png'] = encode(ids.astype(np.uint16) * 1000)
            labels[f'{stem}_polygons.json'] = b'{}'
    for i in range(2):
        name = f'leftImg8bit/train_extra/augsburg/augsburg_00000{i}_000000_leftImg8bit.png'
        extra[name] = encode(noise(4, 9))
    return images, labels, extra


@pytest.fixture(scope='module')
def archives(tmp_path_factory):
    """Members, a folder with zips and one with unpacked folders, with and without extra images."""
    images, labels, extra = make()
    root = tmp_path_factory.mktemp('cityscapes')
    for place, more in (('zips', {}), ('zips_extra', extra)):
        write_zip(root / place / 'leftImg8bit_trainvaltest.zip', images)
        write_zip(root / place / 'gtFine_trainvaltest.zip', labels)
        if more:
            write_zip(root / place / 'leftImg8bit_trainextra.zip', more)
    write_folder(root / 'folders', images | labels)
    return root, images, labels, extra


def expected_files(extra: bool) -> set[str]:
    lists = ('halves/val', 'halves/test', '1_10/labeled', '1_10/unlabeled')
    files = {f'splits/{name}.txt' for name in lists}
    for subset in ('train', 'val'):
        for name in NAMES[subset]:
            files.add(f'leftImg8bit/{subset}/{name}_leftImg8bit.png')
            files.add(f'gtFine/{subset}/{name}_gtFine_labelTrainIds.png')
    for i in range(2 if extra else 0):
        files.add(f'leftImg8bit/train_extra/augsburg/augsburg_00000{i}_000000_leftImg8bit.png')
    return files


@pytest.mark.parametrize('place', ['zips', 'zips_extra', 'folders'])
def test_tree_and_pixels(archives, tmp_path, place):
    root, images, _, extra = archives
    out = tmp_path / 'cityscapes'
    convert(root / place, out)
    files = tree(out)
    assert set(files) == expected_files(place == 'zips_extra')
    for name, content in files.items():
        if name.startswith('leftImg8bit'):
            assert content == (images | extra)[name]
    name = f'val/{NAMES["val"][1]}'
    label = read(out / 'gtFine' / f'{name}_gtFine_labelTrainIds.png')
    ids = np.roll(np.array([*range(34), -1, 0]).reshape(4, 9), 1, axis=1)
    assert label.tolist() == [[TABLE[i] for i in row] for row in ids.tolist()]


def test_the_output_folder_as_source_makes_annotations_in_place(archives, tmp_path):
    root, images, labels, _ = archives
    write_folder(tmp_path, images | labels)
    summary = convert(tmp_path, tmp_path)
    assert (summary.written, summary.skipped) == (8, 8)
    convert(root / 'zips', tmp_path / 'clean')
    made = tree(tmp_path / 'clean')
    assert {name: tree(tmp_path)[name] for name in made} == made


def test_second_run_and_lost_files(archives, tmp_path):
    convert(archives[0] / 'zips', tmp_path)
    whole = tree(tmp_path)
    assert convert(archives[0] / 'zips', tmp_path).skipped == 16
    (tmp_path / f'gtFine/train/{NAMES["train"][0]}_gtFine_labelTrainIds.png').unlink()
    (tmp_path / 'splits/halves/val.txt').unlink()
    assert convert(archives[0] / 'zips', tmp_path).written == 1
    assert tree(tmp_path) == whole


def test_halves_and_the_dataset_of_mmseg(archives, tmp_path):
    convert(archives[0] / 'zips', tmp_path)
    halves = []
    for half in ('val', 'test'):
        dataset = CityscapesDataset(
            data_root=str(tmp_path),
            ann_file=f'splits/halves/{half}.txt',
            data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
        )
        halves.append([dataset[i]['img_path'].rsplit('/', 1)[1] for i in range(len(dataset))])
        assert set(np.unique(dataset[0]['gt_seg_map'])) <= {*range(19), 255}
    names = sorted(f'{name.split("/")[1]}_leftImg8bit.png' for name in NAMES['val'])
    assert [sorted(half) for half in halves] == [names[0::2], names[1::2]]


def test_missing_archives_are_all_named(tmp_path):
    with pytest.raises(MissingFileError) as error:
        convert(tmp_path, tmp_path / 'out')
    for part in ('leftImg8bit_trainvaltest.zip', 'gtFine_trainvaltest.zip', 'cityscapes-dataset.c'):
        assert part in str(error.value)
    assert 'trainextra' not in str(error.value)


def test_images_without_annotation(tmp_path):
    images, labels, _ = make()
    labels = {name: content for name, content in labels.items() if 'bochum' not in name}
    write_folder(tmp_path, images | labels)
    with pytest.raises(UserError, match='1 image has no .*: train/bochum/bochum_000000_000313'):
        convert(tmp_path, tmp_path / 'out')


def test_train_ids_in_place_of_ids_are_noticed_where_they_can_be():
    with pytest.raises(UserError, match='holds the value 34'):
        to_train_ids(np.uint8([[34]]))
    with pytest.raises(UserError, match='holds the value 254'):
        to_train_ids(np.uint8([[7, 254]]))


def test_an_annotation_of_another_size(tmp_path):
    images, labels, _ = make()
    name = next(name for name in labels if 'labelIds' in name and '/train/' in name)
    labels[name] = encode(np.zeros((4, 8), np.uint8))
    write_folder(tmp_path / 'in', images | labels)
    with pytest.raises(UserError, match=r'labelIds.png .*\(4, 9\) and its annotation \(4, 8\)'):
        convert(tmp_path / 'in', tmp_path / 'out')
