# SPDX-License-Identifier: Apache-2.0
"""White blood cells from the repository of the data set."""

from pathlib import Path

import numpy as np
import pytest

from mmseg_im.datasets import MultiLabelDataset
from mmseg_im.errors import MissingFileError
from tests.conftest import real_data
from tests.conversion.archives import encode, noise, read, tree, write_folder, write_zip
from tools.dataset_converters.wbc import convert

TOP = 'segmentation_WBC-master'


def make(count: int = 20) -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    files = {f'{TOP}/Class Labels of Dataset 1.csv': b'x', f'{TOP}/Dataset 1.png': b'x'}
    for i in range(1, count + 1):
        size = (8 + i % 3, 9)
        mask = rng.choice(np.uint8([0, 128, 255]), size)
        files[f'{TOP}/Dataset 1/{i:03d}.bmp'] = encode(noise(*size), '.bmp')
        files[f'{TOP}/Dataset 1/{i:03d}.png'] = encode(mask)
        files[f'{TOP}/Dataset 2/{i:03d}.bmp'] = encode(noise(*size), '.bmp')
        files[f'{TOP}/Dataset 2/{i:03d}.png'] = encode(mask)
    return files


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('wbc')
    files = make()
    write_zip(root / f'{TOP}.zip', files)
    write_folder(root / 'unpacked', files)
    return root, files


def test_every_form_gives_the_same(made, tmp_path):
    root, _ = made
    folder = root / 'unpacked'
    sources = [root, root / f'{TOP}.zip', folder, folder / TOP, folder / TOP / 'Dataset 1']
    trees = []
    for i, source in enumerate(sources):
        assert convert(source, tmp_path / str(i)).written == 20
        trees.append(tree(tmp_path / str(i)))
    assert all(one == trees[0] for one in trees)
    assert convert(sources[0], tmp_path / '0').written == 0


def test_subsets_and_pixels(made, tmp_path):
    root, files = made
    convert(root, tmp_path)
    subsets = {
        subset: sorted(path.stem for path in (tmp_path / 'images' / subset).iterdir())
        for subset in ('train', 'val', 'test')
    }
    assert {subset: len(names) for subset, names in subsets.items()} == dict(
        train=14, val=2, test=4
    )
    assert len(set().union(*subsets.values())) == 20
    for subset, names in subsets.items():
        for name in names:
            original = f'{TOP}/Dataset 1/{name}'
            write_folder(tmp_path / 'raw', {'i.bmp': files[f'{original}.bmp']})
            write_folder(tmp_path / 'raw', {'m.png': files[f'{original}.png']})
            mask = read(tmp_path / 'raw' / 'm.png')
            labels = tmp_path / 'annotations' / subset
            image = read(tmp_path / 'images' / subset / f'{name}.png')
            assert np.array_equal(image, read(tmp_path / 'raw' / 'i.bmp'))
            cell, nucleus = (read(labels / one / f'{name}.png') for one in ('cell', 'nucleus'))
            assert np.array_equal(cell, np.where(mask > 0, 255, 0))
            assert np.array_equal(nucleus, np.where(mask == 255, 255, 0))


def test_another_seed_is_another_data_set(made, tmp_path):
    for seed in (0, 1):
        convert(made[0], tmp_path / str(seed), seed)
    names = [set(tree(tmp_path / str(seed) / 'images')) for seed in (0, 1)]
    assert names[0] != names[1]


def test_the_config_s_dataset_reads_the_lists(made, tmp_path):
    convert(made[0], tmp_path)
    lengths = []
    for split in ('1_10', '1_5'):
        dataset = MultiLabelDataset(
            data_root=str(tmp_path),
            metainfo=dict(classes=('cell', 'nucleus')),
            img_suffix='.png',
            ann_file=f'splits/{split}/labeled.txt',
            data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadMultiLabelAnnotations')],
        )
        assert dataset[0]['gt_seg_map'].shape[2] == 2
        lengths.append(len(dataset))
    assert lengths == [1, 3]


def test_masks_with_other_values_are_named(tmp_path, capsys):
    files = make()
    mask = np.full((8, 9), 77, np.uint8)
    files[f'{TOP}/Dataset 1/003.png'] = encode(mask)
    write_zip(tmp_path / f'{TOP}.zip', files)
    convert(tmp_path, tmp_path / 'out')
    assert 'the mask holds 77, read as cytoplasm' in capsys.readouterr().out


def test_missing(tmp_path):
    with pytest.raises(MissingFileError, match='Dataset 1.zip.*github.com/zxaoyou'):
        convert(tmp_path, tmp_path / 'out')


def test_layout_is_that_of_the_real_data(made, tmp_path):
    real = real_data('wbc')
    convert(made[0], tmp_path)
    made_folders = {path.parent for path in map(Path, tree(tmp_path))}
    folders = {path.parent.relative_to(real) for path in real.rglob('*.png')}
    assert folders <= made_folders
