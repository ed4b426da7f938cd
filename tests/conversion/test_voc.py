# SPDX-License-Identifier: Apache-2.0
"""Pascal VOC 2012 and SBD from their archives."""

import numpy as np
import pytest
from mmseg.datasets import PascalVOCDataset

from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import (
    encode,
    noise,
    palette_png,
    read,
    tree,
    write_folder,
    write_tar,
    write_zip,
)
from tools.dataset_converters.voc import convert

OWN = ['2007_000032', '2007_000033', '2008_000008']
ADDED = ['2008_000002', '2008_000008']  # the last has both
ids = np.random.default_rng(3)


def make() -> tuple[dict, dict, dict]:
    """Members of VOC and SBD, and the annotations by name."""
    voc, aug = {}, {'__MACOSX/SegmentationClassAug/._2008_000002.png': b'x'}
    truth = {}
    for name in {*OWN, *ADDED, '2011_007214'}:
        voc[f'VOCdevkit/VOC2012/JPEGImages/{name}.jpg'] = encode(noise(5, 7), '.jpg')
        voc[f'VOCdevkit/VOC2012/Annotations/{name}.xml'] = b'<annotation/>'
    for name in ADDED:
        truth[name] = ids.choice(np.uint8([*range(21), 255]), (5, 7))
        aug[f'SegmentationClassAug/{name}.png'] = encode(truth[name])
    for name in OWN:
        truth[name] = ids.choice(np.uint8([*range(21), 255]), (5, 7))
        voc[f'VOCdevkit/VOC2012/SegmentationClass/{name}.png'] = palette_png(truth[name])
        voc[f'VOCdevkit/VOC2012/SegmentationObject/{name}.png'] = palette_png(truth[name])
    lists = {'train': OWN[:2], 'val': OWN[2:], 'trainval': OWN}
    for kind, names in lists.items():
        text = ''.join(f'{name}\n' for name in names).encode()
        voc[f'VOCdevkit/VOC2012/ImageSets/Segmentation/{kind}.txt'] = text
        voc[f'VOCdevkit/VOC2012/ImageSets/Main/{kind}.txt'] = text
    return voc, aug, truth


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('voc')
    voc, aug, truth = make()
    write_tar(root / 'archives' / 'VOCtrainval_11-May-2012.tar', voc)
    write_zip(root / 'archives' / 'SegmentationClassAug.zip', aug)
    write_folder(root / 'folders', voc | aug)
    return root, voc, truth


@pytest.mark.parametrize('place', ['archives', 'folders'])
def test_tree_and_pixels(made, tmp_path, place):
    root, voc, truth = made
    out = tmp_path / 'VOC2012'
    convert(root / place, out)
    files = tree(out)
    for name, content in voc.items():
        name = name.removeprefix('VOCdevkit/VOC2012/')
        folder = name.rsplit('/', 1)[0]
        if folder in ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'):
            assert files.pop(name) == content
    assert set(files) == {f'SegmentationClassAug/{name}.png' for name in truth}
    for name, label in truth.items():  # VOC's own where there is one
        written = read(out / 'SegmentationClassAug' / f'{name}.png')
        assert written.ndim == 2 and np.array_equal(written, label)
    assert convert(root / place, out).written == 0


def test_the_dataset_of_mmseg_reads_both_kinds(made, tmp_path):
    root, _, truth = made
    convert(root / 'archives', tmp_path)
    for folder in ('SegmentationClass', 'SegmentationClassAug'):
        dataset = PascalVOCDataset(
            data_root=str(tmp_path),
            ann_file='ImageSets/Segmentation/val.txt',
            data_prefix=dict(img_path='JPEGImages', seg_map_path=folder),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
        )
        assert np.array_equal(dataset[0]['gt_seg_map'], truth[OWN[2]])


def test_missing_archives_are_all_named(tmp_path):
    with pytest.raises(MissingFileError) as error:
        convert(tmp_path, tmp_path / 'out')
    for part in ('VOCtrainval_11-May-2012.tar', 'SegmentationClassAug.zip', 'robots.ox.ac.uk'):
        assert part in str(error.value)


def test_coloured_masks_of_another_origin(made, tmp_path):
    write_tar(tmp_path / 'VOCtrainval_11-May-2012.tar', made[1])
    coloured = {'SegmentationClassAug/2008_000002.png': encode(noise(5, 7))}
    write_zip(tmp_path / 'SegmentationClassAug.zip', coloured)
    with pytest.raises(UserError, match='2008_000002.png in .*mode RGB'):
        convert(tmp_path, tmp_path / 'out')


def test_masks_without_image(made, tmp_path):
    write_tar(tmp_path / 'VOCtrainval_11-May-2012.tar', made[1])
    write_zip(tmp_path / 'SegmentationClassAug.zip', {'2010_000001.png': encode(noise(5, 7, 1))})
    with pytest.raises(UserError, match='no image JPEGImages.*2010_000001'):
        convert(tmp_path, tmp_path / 'out')
