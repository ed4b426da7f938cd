# SPDX-License-Identifier: Apache-2.0
"""Published lists; the real ones where they are there."""

from pathlib import Path

import pytest
from mmseg.datasets import CityscapesDataset

from mmseg_im.errors import MissingFileError, UserError
from tests.conftest import real_data
from tests.conversion.archives import tree, write_folder
from tools.dataset_converters import splits
from tools.dataset_converters.splits import ADE20K, CITYSCAPES, VOC, Family, Form, convert

NAMES = [f'aachen/aachen_00000{i}_000019' for i in range(8)]


def image(name: str) -> str:
    return f'leftImg8bit/train/{name}_leftImg8bit.png'


def pair(name: str) -> str:
    return f'{image(name)} gtFine/train/{name}_gtFine_labelTrainIds.png'


@pytest.fixture
def small(monkeypatch):
    """Families of eight images in two splits."""
    form = Form(CITYSCAPES.pattern, CITYSCAPES.file, len(NAMES))
    counts = {'1_4': 2, '1_2': 4}
    for name, aliases in (('unimatch', {}), ('u2pl', {'1_4': '2', '1_2': '4'})):
        monkeypatch.setitem(splits.FAMILIES, name, Family(form, counts, f'splits/{name}', aliases))


def write_lists(folder: Path, line, names: dict[str, list[str]]) -> None:
    """No line end at the end, as published."""
    files = {}
    for split, labeled in names.items():
        rest = [name for name in NAMES if name not in labeled]
        files[f'{split}/labeled.txt'] = '\n'.join(map(line, labeled)).encode()
        files[f'{split}/unlabeled.txt'] = '\n'.join(map(line, rest)).encode()
    write_folder(folder, files)


def test_both_families(small, tmp_path, capsys):
    write_lists(tmp_path / 'um', pair, {'1_4': NAMES[:2], '1_2': NAMES[:4]})
    write_lists(tmp_path / 'u2', image, {'2': NAMES[:2], '4': NAMES[1:5]})
    out = tmp_path / 'cityscapes'
    nested = convert(tmp_path / 'um', 'unimatch', out).rows[1]
    apart = convert(tmp_path / 'u2', 'u2pl', out).rows[1]
    assert nested == ['1_2', 4, 4, 0, 'no list', 2, 'yes']
    assert apart == ['1_2', 4, 4, 0, 'no list', 1, 'no']
    assert {name: content.decode().split() for name, content in tree(out).items()} == {
        'splits/unimatch/1_4/labeled.txt': NAMES[:2],
        'splits/unimatch/1_4/unlabeled.txt': NAMES[2:],
        'splits/unimatch/1_2/labeled.txt': NAMES[:4],
        'splits/unimatch/1_2/unlabeled.txt': NAMES[4:],
        'splits/u2pl/1_4/labeled.txt': NAMES[:2],
        'splits/u2pl/1_4/unlabeled.txt': NAMES[2:],
        'splits/u2pl/1_2/labeled.txt': NAMES[1:5],
        'splits/u2pl/1_2/unlabeled.txt': [NAMES[0], *NAMES[5:]],
    }
    assert '| 1_2 ' in capsys.readouterr().out.replace('|  1_2', '| 1_2')


def spoil(folder: Path, name: str, change) -> None:
    lines = (folder / name).read_text().split('\n')
    change(lines)
    (folder / name).write_text('\n'.join(lines))


@pytest.mark.parametrize(
    'name, change, message',
    [
        ('1_2/labeled.txt', lambda x: x.pop(), '3 labeled images instead of 4; .*7 images instead'),
        ('1_2/unlabeled.txt', lambda x: x.append(x[0]), 'repeated in unlabeled: aachen/.*04_'),
        ('1_4/unlabeled.txt', lambda x: x.append(image(NAMES[0])), 'labeled and unlabeled: .*00_0'),
        ('1_4/unlabeled.txt', lambda x: x.insert(0, 'a.jpg'), "line 1: 'a.jpg' is not an image"),
    ],
)
def test_wrong_lists_are_named_and_nothing_is_written(small, tmp_path, name, change, message):
    write_lists(tmp_path / 'um', pair, {'1_4': NAMES[:2], '1_2': NAMES[:4]})
    spoil(tmp_path / 'um', name, change)
    with pytest.raises(UserError, match=message) as error:
        convert(tmp_path / 'um', 'unimatch', tmp_path / 'out')
    assert name.split('/')[0] in str(error.value)
    assert not (tmp_path / 'out').exists()


def test_images_of_the_validation_list(small, tmp_path):
    write_lists(tmp_path / 'um', pair, {'1_4': NAMES[:2], '1_2': NAMES[:4]})
    for path, argument in ((tmp_path / 'um' / 'val.txt', None), (tmp_path / 'v', tmp_path / 'v')):
        path.write_text(pair(NAMES[7]).replace('/train/', '/val/'))
        with pytest.raises(UserError, match='unlabeled and in the validation list: aachen/.*07_'):
            convert(tmp_path / 'um', 'unimatch', tmp_path / 'out', val=argument)
        path.unlink()


def test_images_that_are_not_there(small, tmp_path):
    write_lists(tmp_path / 'um', pair, {'1_4': NAMES[:2], '1_2': NAMES[:4]})
    write_folder(tmp_path / 'data', {image(name): b'x' for name in NAMES})
    convert(tmp_path / 'um', 'unimatch', tmp_path / 'out', data_root=tmp_path / 'data')
    (tmp_path / 'data' / image(NAMES[5])).unlink()
    with pytest.raises(UserError, match='1 image is not in .*data: aachen/aachen_000005'):
        convert(tmp_path / 'um', 'unimatch', tmp_path / 'out', data_root=tmp_path / 'data')


def test_missing_lists_are_all_named(small, tmp_path):
    write_lists(tmp_path / 'um', pair, {'1_4': NAMES[:2]})
    (tmp_path / 'um' / '1_4' / 'unlabeled.txt').unlink()
    with pytest.raises(MissingFileError) as error:
        convert(tmp_path / 'um', 'unimatch', tmp_path / 'out')
    for name in ('1_4/unlabeled.txt', '1_2/labeled.txt', '1_2/unlabeled.txt'):
        assert name in str(error.value)
    with pytest.raises(UserError, match='--family other is not one of unimatch'):
        convert(tmp_path / 'um', 'other', tmp_path / 'out')


@pytest.mark.parametrize(
    'form, line, name',
    [
        (VOC, 'JPEGImages/2007_000032.jpg SegmentationClass/2007_000032.png', '2007_000032'),
        (
            ADE20K,
            'images/training/ADE_train_00001609.jpg annotations/training/ADE_train_00001609.png',
            'ADE_train_00001609',
        ),
        (CITYSCAPES, image(NAMES[0]), NAMES[0]),
        (CITYSCAPES, pair(NAMES[0]), NAMES[0]),
    ],
)
def test_lines_of_each_data_set(tmp_path, form, line, name):
    (tmp_path / 'list.txt').write_text(f'{line}\n\n{line}\n')
    assert splits.read_names(tmp_path / 'list.txt', form) == [name, name]
    assert form.file.format(name) == line.split()[0]


def test_blended_lists_of_voc_in_their_published_folders(monkeypatch, tmp_path):
    known = splits.FAMILIES['blended']
    names = [f'2008_{i:06d}' for i in range(known.form.total)]
    files = {}
    for folder, count in (('1_16', 662), ('1_8', 1323), ('1_4', 2646)):
        lines = [f'JPEGImages/{n}.jpg SegmentationClass/{n}.png' for n in names]
        files[f'{folder}/labeled.txt'] = '\n'.join(lines[:count]).encode()
        files[f'{folder}/unlabeled.txt'] = '\n'.join(lines[count:]).encode()
    write_folder(tmp_path / 'pascal', files)
    convert(tmp_path / 'pascal', 'blended', tmp_path / 'out')
    lists = tree(tmp_path / 'out')
    assert len(lists) == 6
    assert len(lists['splits/blended/662/labeled.txt'].split()) == 662
    assert len(lists['splits/blended/2646/unlabeled.txt'].split()) == 10582 - 2646


def real(family: str) -> Path:
    return real_data(f'splits/{family}_cityscapes')


@pytest.mark.parametrize(
    'family, shared, nested',
    [('unimatch', [186, 372, 744], 'yes'), ('u2pl', [28, 81, 388], 'no')],
)
def test_the_real_lists(tmp_path, family, shared, nested):
    val = real('unimatch') / 'val.txt'
    table = convert(real(family), family, tmp_path, val=val)
    assert [row[:5] for row in table.rows] == [
        ['1_16', 186, 2789, 0, 0],
        ['1_8', 372, 2603, 0, 0],
        ['1_4', 744, 2231, 0, 0],
        ['1_2', 1488, 1487, 0, 0],
    ]
    assert [row[5:] for row in table.rows[1:]] == [[n, nested] for n in shared]
    dataset = CityscapesDataset(
        data_root=str(tmp_path),
        ann_file=f'splits/{family}/1_8/labeled.txt',
        data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        pipeline=[],
    )
    published = (
        real(family) / ('1_8' if family == 'unimatch' else '372') / 'labeled.txt'
    ).read_text()
    paths = [info['img_path'] for info in map(dataset.get_data_info, range(len(dataset)))]
    assert [path.removeprefix(f'{tmp_path}/') for path in paths] == [
        line.split()[0] for line in published.splitlines()
    ]


def test_how_the_families_overlap(tmp_path):
    """The figures of docs/datasets.md."""
    for family in ('unimatch', 'u2pl'):
        convert(real(family), family, tmp_path)
    common = []
    for split in ('1_16', '1_8', '1_4', '1_2'):
        one, other = (
            set((tmp_path / 'splits' / family / split / 'labeled.txt').read_text().split())
            for family in ('unimatch', 'u2pl')
        )
        common.append(len(one & other))
    assert common == [8, 48, 182, 720]
