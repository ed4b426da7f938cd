# SPDX-License-Identifier: Apache-2.0
"""ISIC 2018 from its six archives."""

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import ISIC2018Dataset
from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import encode, noise, read, tree, write_folder, write_zip
from tools.dataset_converters.isic2018 import convert

SIZE = (8, 12)
COUNTS = {'Training': ('train', 12), 'Validation': ('val', 2), 'Test': ('test', 3)}


def make() -> tuple[dict, dict]:
    """Members of each archive; masks by subset and name, four times as high and wide as SIZE."""
    rng = np.random.default_rng(0)
    archives, masks, number = {}, {}, 0
    for kind, (subset, count) in COUNTS.items():
        inputs, truth = f'ISIC2018_Task1-2_{kind}_Input', f'ISIC2018_Task1_{kind}_GroundTruth'
        images = {f'{inputs}/ATTRIBUTION.txt': b'x', f'{inputs}/LICENSE.txt': b'x'}
        labels = {f'{truth}/ATTRIBUTION.txt': b'x', f'{truth}/LICENSE.txt': b'x'}
        for _ in range(count):
            name, number = f'ISIC_{number:07d}', number + 1
            mask = rng.choice(np.uint8([0, 100, 255]), (32, 48), p=rng.dirichlet([1, 1, 1]))
            masks[subset, name] = mask
            smooth = cv2.resize(noise(3, 3, 1), (48, 32))
            images[f'{inputs}/{name}.jpg'] = encode(smooth, '.jpg')
            images[f'{inputs}/{name}_superpixels.png'] = encode(noise(32, 48))
            labels[f'{truth}/{name}_segmentation.png'] = encode(mask)
        archives |= {inputs: images, truth: labels}
    return archives, masks


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('isic')
    archives, masks = make()
    for name, files in archives.items():
        write_zip(root / 'zips' / f'{name}.zip', files)
        write_folder(root / 'folders', files)
    return root, archives, masks


def test_zips_and_folders_give_the_same(made, tmp_path):
    root, _, masks = made
    for place in ('zips', 'folders'):
        summary = convert(root / place, tmp_path / place, SIZE)
        assert summary.written == len(masks)
    assert tree(tmp_path / 'zips') == tree(tmp_path / 'folders')
    assert convert(root / 'zips', tmp_path / 'zips', SIZE).written == 0
    files = set(tree(tmp_path / 'zips'))
    files -= {'conversion.json', 'splits/1_10/labeled.txt', 'splits/1_10/unlabeled.txt'}
    assert files == {
        f'{folder}/{subset}/{name}{suffix}'
        for subset, name in masks
        for folder, suffix in (('images', '.jpg'), ('annotations', '.png'))
    }


def test_pixels_are_means_of_areas(made, tmp_path):
    root, archives, masks = made
    convert(root / 'zips', tmp_path, SIZE)
    for (subset, name), mask in masks.items():
        label = read(tmp_path / 'annotations' / subset / f'{name}.png')
        share = (mask > 127).reshape(8, 4, 12, 4).mean(axis=(1, 3))
        assert np.array_equal(label, (share >= 0.5).astype(np.uint8))
    original = archives['ISIC2018_Task1-2_Test_Input']
    for name in [name for subset, name in masks if subset == 'test']:
        content = original[f'ISIC2018_Task1-2_Test_Input/{name}.jpg']
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        mean = image.reshape(8, 4, 12, 4, 3).mean(axis=(1, 3))
        written = read(tmp_path / 'images' / 'test' / f'{name}.jpg')
        assert np.abs(written - mean).mean() < 4  # JPEG


def test_lists_and_dataset(made, tmp_path):
    convert(made[0] / 'zips', tmp_path, SIZE)
    lists = [
        (tmp_path / 'splits' / '1_10' / f'{kind}.txt').read_text().split()
        for kind in ('labeled', 'unlabeled')
    ]
    assert [len(names) for names in lists] == [1, 11]
    assert sorted(lists[0] + lists[1]) == [name for subset, name in made[2] if subset == 'train']
    dataset = ISIC2018Dataset(
        data_root=str(tmp_path),
        ann_file='splits/1_10/unlabeled.txt',
        data_prefix=dict(img_path='images/train', seg_map_path='annotations/train'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
    )
    assert len(dataset) == 11
    assert set(np.unique(dataset[3]['gt_seg_map'])) <= {0, 1}


def test_another_size_needs_another_folder(made, tmp_path):
    convert(made[0] / 'zips', tmp_path, SIZE)
    with pytest.raises(UserError, match='was made with'):
        convert(made[0] / 'zips', tmp_path, (16, 16))


def test_missing_archives_are_all_named(made, tmp_path):
    write_zip(
        tmp_path / 'ISIC2018_Task1-2_Training_Input.zip',
        made[1]['ISIC2018_Task1-2_Training_Input'],
    )
    with pytest.raises(MissingFileError) as error:
        convert(tmp_path, tmp_path / 'out')
    message = str(error.value)
    assert 'Training_Input' not in message and 'challenge.isic-archive.com' in message
    for part in (
        'Training_GroundTruth',
        'Validation_Input',
        'Validation_G',
        'Test_Input',
        'Test_G',
    ):
        assert part in message


def test_a_size_that_is_none(made, tmp_path):
    with pytest.raises(UserError, match='--size 0 8: height and width are 1 pixel or more'):
        convert(made[0] / 'zips', tmp_path / 'out', (0, 8))
    assert not (tmp_path / 'out').exists()
