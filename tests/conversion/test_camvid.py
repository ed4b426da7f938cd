# SPDX-License-Identifier: Apache-2.0
"""CamVid in SegNet's form and in the original one."""

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import CamVid32Dataset, CamVidDataset
from mmseg_im.errors import MissingFileError, UserError
from tests.conversion.archives import encode, noise, read, tree, write_folder, write_zip
from tools.dataset_converters.camvid import colours_to_classes, convert, read_colours

COLOURS = """64 128 64	Animal
192 0 128	Archway
0 128 192	Bicyclist
0 128 64	Bridge
128 0 0		Building
64 0 128	Car
64 0 192	CartLuggagePram
192 128 64	Child
192 192 128	Column_Pole
64 64 128	Fence
128 0 192	LaneMkgsDriv
192 0 64	LaneMkgsNonDriv
128 128 64	Misc_Text
192 0 192	MotorcycleScooter
128 64 64	OtherMoving
64 192 128	ParkingBlock
64 64 0		Pedestrian
128 64 128	Road
128 128 192	RoadShoulder
0 0 192		Sidewalk
192 128 128	SignSymbol
128 128 128	Sky
64 128 192	SUVPickupTruck
0 0 64		TrafficCone
0 64 64		TrafficLight
192 64 128	Train
128 128 0	Tree
192 128 192	Truck_Bus
64 0 64		Tunnel
192 192 0	VegetationMisc
0 0 0		Void
64 192 0	Wall
"""
RGB = [tuple(map(int, line.split()[:3])) for line in COLOURS.splitlines()]
NAMES = [line.split()[3] for line in COLOURS.splitlines()]
FRAMES = [f'0006R0_f0{i}' for i in range(20)] + ['0016E5_00390', '0001TP_006690', 'Seq05VD_f00000']


def segnet() -> dict[str, bytes]:
    files = {}
    for subset, count in (('train', 16), ('val', 2), ('test', 2)):
        for i in range(count):
            name = f'0001TP_{i:06d}.png'
            files[f'{subset}/{name}'] = encode(cv2.resize(noise(2, 2), (8, 6)))
            label = np.random.default_rng(i).integers(0, 12, (6, 8), dtype=np.uint8)
            files[f'{subset}annot/{name}'] = encode(label)
        lines = [f'/SegNet/CamVid/{subset}/{i}.png /SegNet/CamVid/{subset}annot/{i}.png\n']
        files[f'{subset}.txt'] = ''.join(lines).encode()
    return files


def test_eleven_classes(tmp_path):
    files = segnet()
    write_folder(tmp_path / 'CamVid', files)
    out = tmp_path / 'out'
    assert convert(tmp_path / 'CamVid', out).written == 20
    assert convert(tmp_path / 'CamVid', out).written == 0
    for subset, count in (('train', 16), ('val', 2), ('test', 2)):
        dataset = CamVidDataset(
            data_root=str(out),
            data_prefix=dict(img_path=f'images/{subset}', seg_map_path=f'annotations/{subset}'),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
        )
        assert len(dataset) == count
        for i in range(count):
            sample = dataset[i]
            name = sample['img_path'].rsplit('/', 1)[1].replace('.jpg', '.png')
            original = read(tmp_path / 'CamVid' / f'{subset}annot' / name)
            assert np.array_equal(sample['gt_seg_map'], np.where(original == 11, 255, original))
            assert len(np.unique(sample['gt_seg_map'])) > 5


def test_labeled_lists_are_nested(tmp_path):
    write_folder(tmp_path / 'CamVid', segnet())
    convert(tmp_path / 'CamVid', tmp_path / 'out')
    smaller, every = set(), {path.stem for path in (tmp_path / 'out/images/train').iterdir()}
    for n in (16, 8, 4, 2):
        folder = tmp_path / 'out' / 'splits' / f'1_{n}'
        labeled, unlabeled = (
            (folder / f'{kind}.txt').read_text().split() for kind in ('labeled', 'unlabeled')
        )
        assert len(labeled) == 16 // n and smaller < set(labeled)
        assert sorted(labeled + unlabeled) == sorted(every)
        smaller = set(labeled)


def original() -> tuple[dict, dict]:
    files, truth = {'701_StillsRaw_full/readme.txt': b'x'}, {}
    for name in FRAMES:
        truth[name] = np.random.default_rng(len(truth)).integers(0, 32, (6, 8))
        mask = np.array(RGB, np.uint8)[truth[name]][..., ::-1]
        files[f'701_StillsRaw_full/{name}.png'] = encode(noise())
        files[f'LabeledApproved_full/{name}_L.png'] = encode(np.ascontiguousarray(mask))
    return files, truth


@pytest.fixture(scope='module')
def stills(tmp_path_factory):
    root = tmp_path_factory.mktemp('camvid32')
    files, truth = original()
    for top in ('701_StillsRaw_full', 'LabeledApproved_full'):
        write_zip(root / 'zips' / f'{top}.zip', {k: v for k, v in files.items() if top in k})
    write_folder(root / 'folders', files)
    for place in ('zips', 'folders'):
        (root / place / 'label_colors.txt').write_text(COLOURS)
    for subset, frames in (('train', FRAMES[:2]), ('val', FRAMES[2:3]), ('test', FRAMES[-1:])):
        lines = [
            f'/SegNet/CamVid/{subset}/{f}.png /SegNet/CamVid/{subset}annot/{f}.png\n'
            for f in frames
        ]
        write_folder(root / 'lists', {f'{subset}.txt': ''.join(lines).encode()})
    return root, truth


def test_32_colours(stills, tmp_path):
    root, truth = stills
    for place in ('zips', 'folders'):
        convert(root / place, tmp_path / place)
    assert tree(tmp_path / 'zips') == tree(tmp_path / 'folders')
    assert convert(root / 'zips', tmp_path / 'zips').written == 0
    without_void = [i for i, name in enumerate(NAMES) if name != 'Void']
    count = 0
    for subset, names in (
        ('train', FRAMES[:21]),
        ('val', ['0001TP_006690']),
        ('test', ['Seq05VD_f00000']),
    ):
        dataset = CamVid32Dataset(
            data_root=str(tmp_path / 'zips'),
            data_prefix=dict(img_path=f'images/{subset}', seg_map_path=f'annotations/{subset}'),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
        )
        assert [dataset[i]['img_path'].split('/')[-1][:-4] for i in range(len(dataset))] == sorted(
            names
        )
        for i in range(len(dataset)):
            label = dataset[i]['gt_seg_map']
            line = truth[sorted(names)[i]]
            assert np.array_equal(label == 255, line == NAMES.index('Void'))
            assert np.array_equal(np.array([*without_void, *[30] * 225])[label], line)
            count += 1
    assert count == len(FRAMES)


def test_lists_of_segnet(stills, tmp_path):
    root, _ = stills
    convert(root / 'zips', tmp_path / 'out', root / 'lists')
    names = {name for name in tree(tmp_path / 'out') if name.startswith('images')}
    assert names == {
        f'images/train/{FRAMES[0]}.png',
        f'images/train/{FRAMES[1]}.png',
        f'images/val/{FRAMES[2]}.png',
        f'images/test/{FRAMES[-1]}.png',
    }
    with pytest.raises(MissingFileError, match='lacks train.txt, val.txt, test.txt'):
        convert(root / 'zips', tmp_path / 'other', tmp_path)


def test_the_dataset_s_classes_are_those_of_the_file():
    assert list(CamVid32Dataset.METAINFO['classes']) == [n for n in NAMES if n != 'Void']
    palette = [list(rgb) for rgb, name in zip(RGB, NAMES, strict=True) if name != 'Void']
    assert CamVid32Dataset.METAINFO['palette'] == palette


def test_unknown_colours_are_ignored_and_counted():
    mask = np.zeros((2, 2, 3), np.uint8)
    mask[0, 0] = (1, 2, 3)
    mask[1, 1] = (128, 0, 64)  # BGR: Car
    label, unknown = colours_to_classes(mask, read_colours(COLOURS))
    assert label.tolist() == [[255, 255], [255, 5]] and unknown == 1


def test_a_wrong_colour_file():
    with pytest.raises(UserError, match='has 31 lines'):
        read_colours(COLOURS.split('\n', 1)[1])


def test_missing(tmp_path):
    with pytest.raises(MissingFileError, match='701_Stills.*LabeledApproved.*label_colors'):
        convert(tmp_path, tmp_path / 'out')
    write_folder(tmp_path, {'trainannot/a.png': b'', 'train/a.png': b''})
    with pytest.raises(MissingFileError, match='lacks val; valannot; test; and testannot'):
        convert(tmp_path, tmp_path / 'out')
