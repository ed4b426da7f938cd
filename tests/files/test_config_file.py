# SPDX-License-Identifier: Apache-2.0
"""A config that cannot be read, or an option that does not fit, is a sentence."""

import pytest

from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.files.config_file import merge_options, read_config
from tests.tool_runs import assert_refused, run_tool

AFTER = {  # arguments that follow the config
    'train.py': (),
    'test.py': ('x.pth',),
    'browse_dataset.py': ('--output-dir', 'shown'),
    'suggest_labels.py': ('x.pth', '--out', 'next'),
    'class_weights.py': (),
    'analyze_inconsistency.py': ('x.pth', 'y.pth'),
    'predict.py': ('x.pth', '.', '--out', 'predicted'),
}


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = 'mine.py') -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


@pytest.mark.fast
@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('a = 1\nb = c\n', "NameError: name 'c' is not defined (FOLDER/mine.py, line 2)"),
        ("_base_ = './base.py'\n", "'c' is not defined (FOLDER/base.py, line 2)"),
        ('a = (1\n', "SyntaxError: '(' was never closed (<unknown>, line 1)"),
        ("_base_ = './none.py'\n", 'none.py'),
        ("_base_ = './other.py'\nx = {{_base_.q}}\n", 'KeyError: q'),
        ("_base_ = './other.py'\nz = dict(b=1)\n", 'z is a dict in the child config'),
    ],
)
def test_broken_configs(write, text, reason, tmp_path):
    write('a = 1\nb = c\n', 'base.py')
    write('z = [1]\n', 'other.py')
    path = write(text)
    with pytest.raises(UserError) as raised:
        read_config(path, '--config')
    message = str(raised.value)
    assert (
        message.startswith(f'--config: {path} cannot be read: ')
        and reason.replace('FOLDER', str(tmp_path)) in message
    )
    assert message.endswith('. Correct it, or a config that it names in _base_.')


@pytest.mark.fast
def test_files_of_another_kind(write, tmp_path):
    with pytest.raises(UserError, match='is no config: those end in .py'):
        read_config(write('', 'best.pth'))
    for path in (tmp_path, tmp_path / 'none.py'):
        with pytest.raises(MissingFileError, match='does not exist, or is a folder'):
            read_config(path)


@pytest.mark.fast
@pytest.mark.parametrize('options', [{'z.3': 1}, {'z.a': 1}, {'model.a.b': 1}])
def test_options_that_do_not_fit(write, options):
    cfg = read_config(write('z = [1]\nmodel = dict(a=1)\n'))
    with pytest.raises(UserError, match=r'--cfg-options do not fit .*mine\.py: .*KEY\.KEY=VALUE'):
        merge_options(cfg, options)


@pytest.mark.fast
def test_options_change_a_config(write):
    cfg = read_config(write('z = [dict(b=1)]\nmodel = dict(a=1)\n'))
    merge_options(cfg, {'z.0.b': 2, 'model.a': 3})
    merge_options(cfg, None)
    assert cfg.z == [dict(b=2)] and cfg.model.a == 3


@pytest.mark.parametrize('tool', AFTER)
def test_tools_say_it_without_a_traceback(tool, write, tmp_path):
    path = write('a = 1\nb = c\n')
    (tmp_path / 'x.pth').touch()
    (tmp_path / 'y.pth').touch()
    ended = run_tool(tool, path, *AFTER[tool], log=tmp_path / 'log', cwd=tmp_path)
    assert_refused(ended, path, 'cannot be read', "name 'c' is not defined", 'Correct it')
    assert {file.name for file in tmp_path.iterdir()} == {'mine.py', 'x.pth', 'y.pth', 'log'}
