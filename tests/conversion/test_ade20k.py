# SPDX-License-Identifier: Apache-2.0
"""ADE20K from the archive of the challenge."""

import numpy as np
import pytest
from mmseg.datasets import ADE20KDataset

from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import encode, noise, tree, write_folder, write_zip
from tools.dataset_converters.ade20k import convert


def make() -> dict[str, bytes]:
    top = 'ADEChallengeData2016'
    files = {f'{top}/objectInfo150.txt': b'x', f'{top}/sceneCategories.txt': b'x'}
    for subset, short in (('training', 'train'), ('validation', 'val')):
        for i in (1, 2):
            name = f'{subset}/ADE_{short}_{i:08d}'
            label = np.uint8([[0, 1, 2], [149, 150, i]])
            files[f'{top}/images/{name}.jpg'] = encode(noise(2, 3), '.jpg')
            files[f'{top}/annotations/{name}.png'] = encode(label)
    return files


@pytest.mark.parametrize('form', ['zip', 'folder'])
def test_tree_and_the_dataset_of_mmseg(tmp_path, form):
    files = make()
    source, out = tmp_path / 'in', tmp_path / 'out'
    if form == 'zip':
        write_zip(source / 'ADEChallengeData2016.zip', files)
    else:
        write_folder(source, files)
    convert(source, out)
    wanted = {k.split('/', 1)[1]: v for k, v in files.items() if not k.endswith('.txt')}
    assert tree(out) == wanted
    assert convert(source, out).written == 0
    dataset = ADE20KDataset(
        data_root=str(out),
        data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
    )
    assert len(dataset) == 2
    assert dataset[0]['gt_seg_map'].tolist() == [[255, 0, 1], [148, 149, 0]]


def test_a_missing_archive(tmp_path):
    with pytest.raises(MissingFileError, match='ADEChallengeData2016.zip.*sceneparsing.csail'):
        convert(tmp_path, tmp_path / 'out')


@pytest.mark.parametrize(
    ('part', 'change', 'match'),
    [
        ('images', lambda content: b'', 'is empty or cut off'),
        ('images', lambda content: content[: len(content) // 2], 'is empty or cut off'),
        ('annotations', lambda content: content[: len(content) // 2], 'cannot be decoded'),
        ('annotations', lambda content: encode(np.uint8([[151]])), 'holds the value 151'),
    ],
)
def test_damaged_files_are_named(part, change, match, tmp_path):
    files = make()
    name = next(name for name in files if f'/{part}/' in name)
    files[name] = change(files[name])
    write_folder(tmp_path / 'in', files)
    with pytest.raises(UserError, match=f'{name.rpartition("/")[2]} .*{match}'):
        convert(tmp_path / 'in', tmp_path / 'out')
