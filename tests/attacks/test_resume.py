# SPDX-License-Identifier: Apache-2.0
"""Folders in which no run may begin or go on, and what is found in them, through train.py."""

import pickle
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmseg_im.engine.newest_checkpoint import newest_checkpoint
from mmseg_im.engine.work_dir import Lock
from tests.conftest import make_demo_cfg
from tests.tool_runs import Ended, assert_refused, run_tool

MMSEG_TRAIN = Path(find_spec('mmseg').submodule_search_locations[0]) / '.mim' / 'tools' / 'train.py'


@pytest.fixture(scope='module')
def run(mini_shapes, tmp_path_factory):
    """A finished run of two epochs that began with ``--resume`` in an empty folder."""
    folder = tmp_path_factory.mktemp('run')
    cfg = make_demo_cfg(mini_shapes, folder)
    cfg.model.semi = None
    cfg.val_cfg = dict(type='ValLoop')
    for name in ('work_dir', 'experiment_name'):
        cfg.pop(name)
    cfg.dump(str(folder / 'run.py'))
    ended = train(folder, folder / 'whole', '--resume', log=folder / 'log')
    assert ended.status == 0, ended.output
    assert 'training starts at the beginning' in ended.output
    return folder


@pytest.fixture
def copied(run, tmp_path):
    shutil.copytree(run / 'whole', tmp_path / 'work')
    return tmp_path / 'work'


def train(run: Path, work_dir: Path, *options, log: Path, tool: str | Path = 'train.py') -> Ended:
    return run_tool(str(tool), run / 'run.py', '--work-dir', work_dir, *options, log=log)


@pytest.mark.parametrize('tool', ['train.py', MMSEG_TRAIN])
def test_a_new_run_beside_checkpoints(run, copied, tmp_path, attack, tool):
    attack('work_dir of another run')
    before = newest_checkpoint(copied).read_bytes()
    logs = set(copied.iterdir())
    ended = train(run, copied, log=tmp_path / 'log', tool=tool)
    if tool == 'train.py':
        assert_refused(ended, str(copied), 'epoch_2.pth', '--resume', '--work-dir')
    else:  # it prints what it raises
        assert ended.status == 1 and '--work-dir' in ended.output.splitlines()[-1]
    assert newest_checkpoint(copied).read_bytes() == before
    assert set(copied.iterdir()) == logs  # no log and no config of a run that did not begin


@pytest.mark.parametrize('tool', ['train.py', MMSEG_TRAIN])
def test_two_runs_in_a_folder(run, copied, tmp_path, attack, tool):
    attack('work_dir in use')
    lock = Lock(copied)
    ended = train(run, copied, '--resume', log=tmp_path / 'log', tool=tool)
    lock.release()
    assert ended.status == 1
    assert 'Another run is at work in' in ended.output.splitlines()[-1]


@pytest.mark.parametrize('place', ['file', 'file/run', '/proc/run'])
def test_a_folder_that_cannot_be_made(run, tmp_path, attack, place):
    attack('work_dir that cannot be made')
    (tmp_path / 'file').write_text('kept')
    ended = train(run, tmp_path / place, log=tmp_path / 'log')
    assert_refused(ended, f'{place} cannot be', 'another')
    assert (tmp_path / 'file').read_text() == 'kept'


@pytest.mark.parametrize('content', [b'', b'\xff\x00\x80', b'/gone/epoch_2.pth', None])
def test_a_useless_pointer(run, copied, tmp_path, attack, content):
    attack('last_checkpoint')
    pointer = copied / 'last_checkpoint'
    pointer.unlink() if content is None else pointer.write_bytes(content)
    ended = train(run, copied, '--cfg-options', 'resume=True', log=tmp_path / 'log')
    assert ended.status == 0, ended.output[-3000:]
    assert f'Going on from {copied / "epoch_2.pth"}' in ended.output


def hostile(path: Path, marker: Path) -> None:
    class Payload:
        def __reduce__(self):
            return Path.touch, (marker,)

    path.write_bytes(pickle.dumps(dict(state_dict={}, meta=Payload())))


def cut(path: Path, _) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize('damage', [cut, hostile])
def test_the_newest_file_is_of_no_use(run, copied, tmp_path, attack, marker, damage):
    """The run goes on from the one before and ends as it should."""
    attack('newest checkpoint')
    damage(copied / 'epoch_2.pth', marker)
    ended = train(run, copied, '--resume', log=tmp_path / 'log')
    assert ended.status == 0, ended.output[-3000:]
    assert 'epoch_2.pth is passed over' in ended.output
    assert f'Going on from {copied / "epoch_1.pth"}' in ended.output
    records = [folder / 'validation.json' for folder in (copied, run / 'whole')]
    assert records[0].read_bytes() == records[1].read_bytes()


@pytest.mark.parametrize('damage', [cut, hostile])
def test_no_file_is_of_use(run, copied, tmp_path, attack, marker, damage):
    attack('all checkpoints')
    for epoch in (1, 2):
        damage(copied / f'epoch_{epoch}.pth', marker)
    ended = train(run, copied, '--resume', log=tmp_path / 'log')
    assert_refused(ended, str(copied), 'no whole checkpoint of a training', '--work-dir')


@pytest.mark.parametrize(('name', 'status'), [('SIGTERM', 143), ('SIGINT', 130)])
def test_stopped_from_outside(run, tmp_path, attack, name, status):
    """With workers that are stopped a moment before: a sentence, no traceback of theirs."""
    attack(name)
    config, work = tmp_path / 'config.py', tmp_path / 'work'
    config.write_text(
        f"""_base_ = [{str(run / 'run.py')!r}]
custom_imports = dict(imports=['mmseg_im', 'tests.attacks.signals'])
custom_hooks = [dict(type='SeedHook'), dict(type='SignalHook', name={name!r}, at=5)]
train_dataloader = dict(num_workers=1)
"""
    )
    ended = run_tool('train.py', config, '--work-dir', work, log=tmp_path / 'log')
    assert ended.status == status, ended.output[-3000:]
    assert 'Traceback' not in ended.output, ended.output[-3000:]
    sentence = ended.output.splitlines()[-1]
    assert sentence.startswith('Stopped. Go on with') and f'--work-dir {work}' in sentence
    assert newest_checkpoint(work).name == 'epoch_1.pth'
    Lock(work).release()
