# SPDX-License-Identifier: Apache-2.0
"""What a written config builds on lies beside it, wherever the package and the folder lie."""

import shutil
from pathlib import Path

import pytest
from mmengine import Config

from mmseg_im.errors import UserError
from mmseg_im.own_data import copied_bases
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.project import write_project
from mmseg_im.own_data.survey import survey
from tests.conftest import ROOT
from tests.own_data.conftest import VAL


@pytest.fixture
def plan(folders):
    return make_plan(survey(*folders()), VAL)


def test_a_folder_that_was_moved_needs_nothing_of_the_package_folder(plan, tmp_path, monkeypatch):
    write_project(plan, tmp_path / 'out', 'mine')
    shutil.move(tmp_path / 'out', tmp_path / 'elsewhere' / 'moved')
    monkeypatch.chdir(tmp_path)
    for name in ('mine', 'mine_generations'):
        path = tmp_path / 'elsewhere/moved' / f'{name}.py'
        cfg = Config.fromfile(path)
        assert Path(cfg.data_root) == path.parent
        assert (
            cfg.model.backbone.type == 'EfficientNetLite' and cfg.model.decode_head.num_classes == 3
        )
        files = [line for line in cfg.text.splitlines() if line.startswith('/')]
        assert len(files) > 5
        assert all(Path(file).is_relative_to(path.parent) for file in files), files


def test_the_written_lines_are_few(plan, tmp_path):
    """What a user edits comes first, and the network is not repeated."""
    write_project(plan, tmp_path / 'out', 'mine')
    text = (tmp_path / 'out/mine.py').read_text()
    edited, _, rest = text.partition('the mark\n')
    assert len(edited.splitlines()) <= 24 and len(rest.splitlines()) < 50
    assert 'EfficientNetLite' not in text and 'CheckpointHook' not in text


def test_bases_are_those_of_the_package(plan, tmp_path):
    write_project(plan, tmp_path / 'out', 'mine')
    copies = {p.relative_to(tmp_path / 'out') for p in (tmp_path / 'out/_base_').rglob('*.py')}
    assert len(copies) == len(copied_bases.bases('lite0'))
    for copy in copies:
        assert (tmp_path / 'out' / copy).read_bytes() == (ROOT / 'configs' / copy).read_bytes()


def test_those_of_a_wheel_are_found(tmp_path, monkeypatch):
    package = tmp_path / 'site-packages/mmseg_im'
    (package / 'own_data').mkdir(parents=True)
    monkeypatch.setattr(copied_bases, '__file__', str(package / 'own_data/x.py'))
    assert copied_bases.configs() == tmp_path / 'site-packages/configs'
    shutil.copytree(ROOT / 'configs/_base_', package / '.mim/configs/_base_')
    copied_bases.copy_bases(tmp_path / 'out', 'lite0')
    assert (tmp_path / 'out/_base_/own_data/fixmatch-im.py').is_file()


def test_an_installation_without_configs_says_so_and_writes_nothing(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(copied_bases, 'configs', lambda: tmp_path / 'none')
    with pytest.raises(UserError, match='lacks its configs. Install it'):
        write_project(plan, tmp_path / 'out', 'mine')
    assert {path.name for path in tmp_path.iterdir()} == {'photos', 'masks'}
