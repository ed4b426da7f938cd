# SPDX-License-Identifier: Apache-2.0
"""What an installed wheel brings, and the commands that it runs from anywhere."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from argparse import ArgumentParser
from pathlib import Path

import pytest

from mmseg_im import __main__ as cli
from tests.conftest import ROOT

SOURCES = ('setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE', 'model-index.yml')
FOLDERS = ('mmseg_im', 'configs', 'tools')


def listed(folder: Path) -> set[str]:
    """Names of all files below a folder of the tree that belong to the project."""
    files = (file for file in folder.rglob('*') if file.is_file())
    return {str(f.relative_to(ROOT)) for f in files if '__pycache__' not in f.parts}


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """A wheel, built of a source distribution that was built of a copy of the tree."""
    folder = tmp_path_factory.mktemp('wheel')
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / 'tree' / name)
    for name in SOURCES:
        shutil.copy(ROOT / name, folder / 'tree' / name)
    stale = folder / 'tree/build/lib/mmseg_im/moved.py'  # of a build before a move
    stale.parent.mkdir(parents=True)
    stale.touch()

    def run(*command: str, cwd: Path) -> None:
        done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    run('setup.py', '--quiet', 'sdist', cwd=folder / 'tree')
    with tarfile.open(next((folder / 'tree/dist').glob('*.tar.gz'))) as archive:
        archive.extractall(folder / 'source', filter='data')
    source = next((folder / 'source').iterdir())
    (source / 'build').mkdir()
    shutil.copytree(folder / 'tree/build/lib', source / 'build/lib')
    run('setup.py', '--quiet', 'bdist_wheel', '--dist-dir', str(folder), cwd=source)
    with zipfile.ZipFile(next(folder.glob('*.whl'))) as archive:
        yield archive


def test_wheel_holds_package_configs_tools_and_index_and_nothing_else(wheel):
    names = {n for n in wheel.namelist() if '.dist-info/' not in n and not n.endswith('/')}
    package = listed(ROOT / 'mmseg_im')
    extra = listed(ROOT / 'configs') | listed(ROOT / 'tools') | {'model-index.yml'}
    assert names == package | {f'mmseg_im/.mim/{name}' for name in extra}
    assert 'mmseg_im/py.typed' in names and 'mmseg_im/moved.py' not in names


def test_wheel_has_the_command(wheel):
    entry = next(name for name in wheel.namelist() if name.endswith('entry_points.txt'))
    assert 'mmseg-im = mmseg_im.__main__:main' in wheel.read(entry).decode()


def test_commands_come_from_the_wheel_and_from_the_tree_of_an_editable_install(
    tmp_path, monkeypatch
):
    assert cli.home() == ROOT
    (tmp_path / 'mmseg_im/.mim').mkdir(parents=True)
    monkeypatch.setattr(cli, 'PACKAGE', tmp_path / 'mmseg_im')
    assert cli.home() == tmp_path / 'mmseg_im/.mim'


def test_a_config_of_the_package_is_found_and_a_file_of_the_folder_goes_first(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    configs = ROOT / 'configs'
    demo = 'demo/im_generations_shapes.py'
    assert cli.find_config(demo, configs) == str(configs / demo)
    assert cli.find_config(f'configs/{demo}', configs) == str(configs / demo)
    for other in ('--work-dir', 'demo', 'no/such.py', 'key=value', str(tmp_path / 'mine.py')):
        assert cli.find_config(other, configs) == other
    (tmp_path / 'demo').mkdir()
    (tmp_path / demo).touch()
    assert cli.find_config(demo, configs) == demo


def test_the_command_hands_its_arguments_to_the_tool(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, 'home', lambda: tmp_path)
    tool = tmp_path / 'tools/show_all.py'
    tool.parent.mkdir()
    tool.write_text('import beside\nimport sys\n\nprint(__name__, sys.argv, beside.VALUE)\n')
    (tmp_path / 'tools/beside.py').write_text('VALUE = 7\n')
    config = tmp_path / 'configs/a.py'
    config.parent.mkdir()
    config.touch()
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setattr(sys, 'argv', ['mmseg-im', 'show-all', 'a.py', '--fast'])
    cli.main()
    assert capsys.readouterr().out == f"__main__ ['{tool}', '{config}', '--fast'] 7\n"


def test_a_tool_calls_itself_as_it_was_called(monkeypatch, capsys):
    for words in (['init_project', '--help'], ['init_project', '--nonsense']):
        monkeypatch.setattr(sys, 'argv', ['mmseg-im', *words])
        monkeypatch.setattr(sys, 'path', list(sys.path))
        with pytest.raises(SystemExit):
            cli.main()
        shown = capsys.readouterr()
        assert (shown.out or shown.err).startswith('usage: mmseg-im init_project [')
    assert ArgumentParser(prog='other').prog == 'other'
    assert 'init_project' not in ArgumentParser().prog  # the tool has ended


def test_without_a_command_all_are_listed_and_an_unknown_one_is_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['mmseg-im'])
    cli.main()
    out = capsys.readouterr().out
    assert '  train                  Trains a model' in out
    assert f'configs: {ROOT / "configs"}' in out
    monkeypatch.setattr(sys, 'argv', ['mmseg-im', 'trian'])
    with pytest.raises(SystemExit, match="no command 'trian'"):
        cli.main()
