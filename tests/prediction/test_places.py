# SPDX-License-Identifier: Apache-2.0
"""What tools/predict.py writes lies beside the images: never over them, nor over itself."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_im.datasets.image_files import class_ids
from mmseg_im.files.label_png import write_ids
from mmseg_im.own_data.label_files.drawing import draw_shapes
from mmseg_im.own_data.label_files.labelme import read_labelme
from tests.prediction.test_predict_tool import CLASSES, PALETTE, draw, project

IDS = {'__ignore__': 255, **{name: i for i, name in enumerate(CLASSES)}}


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.mark.parametrize(
    ('options', 'named'),
    [
        (['--out', './new/'], '--out and the folder of images are one folder'),
        (['--show-dir', 'new'], '--show-dir and the folder of images'),
        (['--show-dir', 'predicted'], '--show-dir and --out are one folder'),
        (['--views', '2', '--show-dir', 'predicted-unsure'], '--out (with -unsure) and --show-dir'),
        (['--views', '2', '--out', 'ne', '--show-dir', 'ne-unsure/masks'], 'are one folder'),
    ],
)
def test_two_folders_that_are_one_are_refused(options, named, run, tmp_path):
    new = project(tmp_path) / 'new'
    cv2.imwrite(str(new / 'a.png'), draw())
    before = content(tmp_path)
    said = run('net.py', '0.pth', 'new', *options)
    assert named in said and 'Name another one' in said
    assert content(tmp_path) == before


def test_a_link_and_the_folder_of_a_class_are_seen(run, tmp_path):
    new = project(tmp_path, 'multilabel', num_classes=3, threshold=0.5) / 'new'
    (tmp_path / 'in/road').mkdir(parents=True)
    cv2.imwrite(str(tmp_path / 'in/road/a.png'), draw())
    assert '--out (with the class road) and the folder' in run(
        'net.py', '0.pth', 'in/road', '--out', 'in'
    )
    shutil.copy(tmp_path / 'in/road/a.png', new)
    (tmp_path / 'link').symlink_to('new')
    assert '--out and the folder of images' in run('net.py', '0.pth', 'new', '--out', 'link')


def test_predictions_among_the_images_are_not_predicted(run, tmp_path, monkeypatch):
    cv2.imwrite(str(project(tmp_path) / 'new/a.png'), draw())
    options = ['--out', 'new/out', '--show-dir', 'new/shown', '--views', '2']
    first = run('net.py', '0.pth', 'new', *options)
    assert 'Predicted: 1 image,' in first and 'Predicted: 1 image,' in run(
        'net.py', '0.pth', 'new', *options
    )
    assert {path.name for path in (tmp_path / 'new').iterdir()} == {
        'a.png', 'out', 'out-unsure', 'shown',
    }  # fmt: skip
    for name in ('out', 'out-unsure', 'shown'):
        shutil.rmtree(tmp_path / 'new' / name)
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    run('../net.py', '../0.pth', '../new', '--out', '.', '--views', '2')
    assert [path.name for path in (tmp_path / 'here').iterdir()] == ['a.png']
    assert (tmp_path / 'here-unsure/index.html').is_file()


@pytest.mark.parametrize('task', ['multiclass', 'multilabel'])
def test_labelme_has_what_was_just_predicted(task, run, tmp_path):
    """Also with files of an earlier run beside, and images in a folder named as a class."""
    head = dict(num_classes=3, threshold=0.5) if task == 'multilabel' else {}
    new = project(tmp_path, task, **head) / 'new'
    (new / 'road').mkdir()
    for seed, name in enumerate(('a', 'road/a')):
        Image.fromarray(draw(seed=seed)).save(new / f'{name}.tif')
        (tmp_path / 'predicted' / name).parent.mkdir(parents=True, exist_ok=True)
        old = np.full((48, 64), 3 - seed, np.uint8)
        if task == 'multilabel' and '/' not in name:
            write_ids(tmp_path / f'predicted/{name}.png', old, PALETTE)
    run('net.py', '0.pth', 'new', '--labelme')
    for name in ('a', 'road/a'):
        file = tmp_path / f'predicted/labelme/{name}.json'
        said = json.loads(file.read_text())
        assert (file.parent / said['imagePath']).resolve() == new / f'{name}.tif'
        drawing = draw_shapes(read_labelme(file).entries[0].shapes, IDS, (48, 64))
        for i, cls in enumerate(CLASSES[: head.get('num_classes', 4)]):
            if task == 'multiclass':
                expected, found = class_ids(f'predicted/{name}.png') == i, drawing.ids == i
            elif cls == 'ground':
                continue  # the id 0, which draw_shapes has no layer for
            else:
                expected = cv2.imread(f'predicted/{cls}/{name}.png', -1) > 0
                found = drawing.layers.get(i, np.zeros((48, 64), bool))
            if expected.sum() > 300:
                assert (expected & found).sum() / (expected | found).sum() > 0.85, (name, cls)


def test_one_network_twice_and_a_checkpoint_in_place_of_the_config(run, tmp_path):
    cv2.imwrite(str(project(tmp_path) / 'new/a.png'), draw())
    said = run('net.py', '0.pth', './0.pth', 'new')
    assert '0.pth and ./0.pth are one file, and a network has one vote' in said
    said = run('0.pth', 'net.py', 'new')
    assert '0.pth is no config: those end in .py' in said and 'order of the arguments' in said
    assert not (tmp_path / 'predicted').exists()


@pytest.mark.parametrize('options', [['--views', '2'], ['--labelme'], ['--show-dir', 'shown']])
def test_results_of_other_images_are_not_mixed(options, run, tmp_path):
    """The same folder, also after a kill and with further images, is predicted again."""
    new = project(tmp_path) / 'new'
    other = tmp_path / 'other'
    other.mkdir()
    for folder, names in ((new, 'ab'), (other, 'cd')):
        for name in names:
            cv2.imwrite(str(folder / f'{name}.png'), draw())
    (tmp_path / 'predicted').mkdir()
    (tmp_path / 'predicted/notes.txt').write_text('mine')
    assert 'Predicted: 2 images' in run('net.py', '0.pth', 'new', *options)
    before = content(tmp_path)
    said = run('net.py', '0.pth', 'other', *options)
    assert 'error: predicted/a.png is of no image in other: predicted holds files of' in said
    assert 'Name another --out, or remove what is there.' in said
    assert content(tmp_path) == before
    for left in ('predicted', 'shown'):  # a run that was killed early
        (tmp_path / left / 'a.png').unlink(missing_ok=True)
    cv2.imwrite(str(new / 'c.png'), draw())
    (new / 'b.png').write_bytes(b'broken since')
    assert 'Predicted: 2 images' in run('net.py', '0.pth', 'new', *options)
    if options[0] == '--show-dir':
        said = run('net.py', '0.pth', 'other', '--out', 'second', *options)
        assert 'shown holds files of other images' in said and 'another --show-dir' in said


def test_pictures_within_the_folder_of_results_are_known(run, tmp_path):
    new = project(tmp_path) / 'new'
    cv2.imwrite(str(new / 'a.png'), draw())
    run('net.py', '0.pth', 'new', '--out', 'out', '--show-dir', 'out/pictures')
    assert 'Predicted: 1 image' in run('net.py', '0.pth', 'new', '--out', 'out')


def test_folders_of_overlapping_classes_are_known(run, tmp_path):
    new = project(tmp_path, 'multilabel', num_classes=3, threshold=0.5) / 'new'
    cv2.imwrite(str(new / 'a.png'), draw())
    for _ in range(2):
        assert 'Predicted: 1 image' in run('net.py', '0.pth', 'new', '--views', '2')
    (new / 'a.png').rename(new / 'b.png')
    said = run('net.py', '0.pth', 'new')
    assert 'predicted/ground/a.png is of no image in new' in said
