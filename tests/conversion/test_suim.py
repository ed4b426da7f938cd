# SPDX-License-Identifier: Apache-2.0
"""SUIM from its archives, in both ways of naming."""

import numpy as np
import pytest

from mmseg_im.datasets import SUIMDataset
from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import encode, noise, read, tree, write_folder, write_zip
from tools.dataset_converters.suim import colours_to_classes, convert, fit

# RGB of the masks, as the data set's page lists them
CODES = [
    (0, 0, 0), (0, 0, 255), (0, 255, 0), (0, 255, 255), (255, 0, 0), (255, 0, 255),
    (255, 255, 0), (255, 255, 255),
]  # fmt: skip


def mask_of(ids: np.ndarray) -> np.ndarray:
    """BGR mask with the noise of blurred borders, which the threshold takes away."""
    rgb = np.array(CODES)[ids]
    shift = np.random.default_rng(0).integers(0, 128, rgb.shape)
    return np.where(rgb == 255, 255 - shift, shift).astype(np.uint8)[..., ::-1]


def make(trailing: str) -> tuple[dict, dict]:
    """Members, and the ids of each image by name; masks end in ``trailing``."""
    rng = np.random.default_rng(0)
    files, truth = {}, {}
    for folder, count in (('train_val', 20), ('TEST', 4)):
        for i in range(count):
            name = f'{"dfnw"[i % 4]}_r_{i}_'
            ids = rng.integers(0, 8, (6, 8))
            truth[folder, name] = ids
            files[f'{folder}/images/{name}.jpg'] = encode(noise(6, 8), '.jpg')
            mask = encode(mask_of(ids), '.bmp')
            files[f'{folder}/masks/{name.rstrip("_")}{trailing}.bmp'] = mask
        for one in ('FV', 'HD', 'saliency'):  # of single classes, in folders of their own
            mask = encode(noise(6, 8, 1), '.bmp')
            files[f'{folder}/masks/{one}/d_r_0_.bmp'] = mask
    return files, truth


def part(files: dict, folder: str) -> dict:
    return {name: content for name, content in files.items() if name.startswith(folder)}


def check(out, files, truth) -> None:
    subsets = {}
    for name in tree(out):
        if name.startswith('images'):
            subsets.setdefault(name.split('/')[1], []).append(name.split('/')[2][:-4])
    assert {k: len(v) for k, v in subsets.items()} == {'train': 18, 'val': 2, 'test': 4}
    for subset, names in subsets.items():
        folder = 'TEST' if subset == 'test' else 'train_val'
        for name in names:
            label = read(out / 'annotations' / subset / f'{name}.png')
            assert np.array_equal(label, truth[folder, name])
            image = (out / 'images' / subset / f'{name}.jpg').read_bytes()
            assert image == files[f'{folder}/images/{name}.jpg']


@pytest.mark.parametrize('trailing', ['_', ''])
def test_every_form_gives_the_same(tmp_path, trailing):
    files, truth = make(trailing)
    write_zip(tmp_path / 'zips' / 'train_val.zip', part(files, 'train_val'))
    write_zip(tmp_path / 'zips' / 'TEST.zip', part(files, 'TEST'))
    write_zip(tmp_path / 'one' / 'SUIM.zip', {f'SUIM/{k}': v for k, v in files.items()})
    write_folder(tmp_path / 'folders', files)
    write_folder(
        tmp_path / 'spelt',
        {k.replace('TEST', 'test').replace('train_val', 'train-val'): v for k, v in files.items()},
    )
    trees = []
    for place in ('zips', 'one', 'folders', 'spelt'):
        convert(tmp_path / place, tmp_path / 'out' / place)
        trees.append(tree(tmp_path / 'out' / place))
    assert all(one == trees[0] for one in trees)
    check(tmp_path / 'out' / 'zips', files, truth)
    assert convert(tmp_path / 'zips', tmp_path / 'out' / 'zips').written == 0


def test_images_without_mask_are_named_and_left_out(tmp_path, capsys):
    files, _ = make('_')
    del files['train_val/masks/n_r_2_.bmp'], files['TEST/masks/d_r_0_.bmp']
    write_folder(tmp_path, files)
    convert(tmp_path, tmp_path / 'out')
    said = capsys.readouterr().out
    assert 'Left out, without a mask in ' in said and '1 image, n_r_2_' in said
    assert 'd_r_0_' in said
    names = {name for name in tree(tmp_path / 'out') if name.startswith(('images', 'annot'))}
    assert len(names) == 2 * (19 + 3)
    assert not names & {f'images/{s}/n_r_2_.jpg' for s in ('train', 'val')}
    assert 'images/test/d_r_0_.jpg' not in names


def test_masks_of_another_size(tmp_path, capsys):
    files, truth = make('_')
    ids = truth['TEST', 'f_r_1_']
    files['TEST/images/f_r_1_.jpg'] = encode(noise(40, 50), '.jpg')
    padded = np.zeros((42, 50), int)
    padded[:40] = np.kron(ids[:5, :5], np.ones((8, 10), int))
    files['TEST/masks/f_r_1_.bmp'] = encode(mask_of(padded), '.bmp')
    write_folder(tmp_path, files)
    convert(tmp_path, tmp_path / 'out')
    assert 'the mask is (42, 50) and the image (40, 50)' in capsys.readouterr().out
    label = read(tmp_path / 'out' / 'annotations' / 'test' / 'f_r_1_.png')
    assert np.array_equal(label, padded[:40])


def test_fit_resizes_what_is_no_padding():
    label = np.arange(6, dtype=np.uint8).reshape(2, 3)
    resized, note = fit(label, (4, 6))
    assert np.array_equal(resized, np.kron(label, np.ones((2, 2), np.uint8)))
    assert note.endswith('resized')


def test_colours():
    ids = np.arange(8).reshape(2, 4)
    assert np.array_equal(colours_to_classes(mask_of(ids)), ids)


def test_the_palette_of_the_dataset_is_that_of_the_masks(tmp_path):
    files, _ = make('_')
    write_folder(tmp_path, files)
    convert(tmp_path, tmp_path / 'out')
    dataset = SUIMDataset(
        data_root=str(tmp_path / 'out'),
        ann_file='splits/1_10/labeled.txt',
        data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
    )
    assert len(dataset) == 2
    palette = np.array(dataset.metainfo['palette'])
    assert palette.tolist() == [list(code) for code in CODES]
    ids = dataset[0]['gt_seg_map']
    assert np.array_equal(colours_to_classes(palette[ids][..., ::-1]), ids)


def test_missing_archives_are_all_named(tmp_path):
    with pytest.raises(MissingFileError, match='train_val.zip.*TEST.zip.*irvlab.cs.umn.edu'):
        convert(tmp_path, tmp_path / 'out')


def test_two_masks_of_one_image(tmp_path):
    files, _ = make('_')
    files['train_val/masks/d_r_0.bmp'] = files['train_val/masks/d_r_0_.bmp']
    write_folder(tmp_path / 'in', files)
    with pytest.raises(UserError, match=r'(?s)d_r_0_?.bmp and .*d_r_0_?.bmp in .*of one image'):
        convert(tmp_path / 'in', tmp_path / 'out')
