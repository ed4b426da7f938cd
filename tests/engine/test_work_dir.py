# SPDX-License-Identifier: Apache-2.0
"""One run at a time is at work in a folder."""

import importlib
import multiprocessing
import os
import pkgutil
import signal
import sys
import time
from pathlib import Path

import pytest
from mmengine.registry import Registry

from mmseg_im.engine.work_dir import Lock, check_is_new, make_work_dir
from mmseg_im.errors import UserError

FORK = multiprocessing.get_context('fork')


def hold(folder: Path, ready) -> None:
    """Holds the lock, with a worker that was forked meanwhile and outlives this process."""
    lock = Lock(folder)  # noqa: F841  (held as long as this process lives)
    worker = FORK.Process(target=time.sleep, args=(60,))
    worker.start()
    ready.send(worker.pid)
    time.sleep(60)


def test_a_killed_run_leaves_no_lock_though_its_worker_lives(tmp_path):
    here, there = FORK.Pipe()
    run = FORK.Process(target=hold, args=(tmp_path, there))
    run.start()
    worker = here.recv()
    try:
        with pytest.raises(UserError, match='Another run is at work in'):
            Lock(tmp_path)
        run.kill()
        run.join()
        os.kill(worker, 0)  # it lives
        Lock(tmp_path).release()
    finally:
        os.kill(worker, signal.SIGKILL)


def test_released(tmp_path):
    lock = Lock(tmp_path / 'new')
    with pytest.raises(UserError, match='Another run is at work in'):
        Lock(tmp_path / 'new')
    lock.release()
    Lock(tmp_path / 'new').release()


@pytest.mark.parametrize('folder', ['file', 'file/run', '/proc/run', 'link'])
def test_a_folder_that_cannot_be_used(tmp_path, folder):
    (tmp_path / 'file').write_text('kept')
    (tmp_path / 'link').symlink_to(tmp_path / 'link')
    with pytest.raises(UserError, match=rf'{folder} cannot be made or written to: .*another'):
        make_work_dir(tmp_path / folder)
    with pytest.raises(UserError, match='cannot be made'):
        Lock(tmp_path / folder)
    assert (tmp_path / 'file').read_text() == 'kept'


def test_a_lock_that_cannot_be_taken(tmp_path):
    (tmp_path / '.lock').mkdir()
    with pytest.raises(UserError, match=r'\.lock cannot be locked: '):
        Lock(tmp_path)


@pytest.mark.parametrize('name', ['epoch_3.pth', 'iter_80.pth', 'best.pth', 'best_mIoU_iter_8.pth'])
def test_a_new_run_beside_checkpoints(tmp_path, name):
    (tmp_path / 'pretrained.pth').write_text('')
    check_is_new(tmp_path)
    (tmp_path / name).write_text('')
    with pytest.raises(UserError, match=rf'{name}.*--resume.*--work-dir'):
        check_is_new(tmp_path)


def import_without_posix() -> None:
    """Imports all modules of the package anew, as on a system without these."""
    for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios', 'posix', 'tty', 'syslog'):
        sys.modules[name] = None
    for name in [name for name in sys.modules if name.split('.')[0] == 'mmseg_im']:
        del sys.modules[name]
    register = Registry._register_module
    Registry._register_module = lambda self, module, module_name=None, force=False: register(
        self, module, module_name, force=True
    )
    package = importlib.import_module('mmseg_im')
    names = [module.name for module in pkgutil.walk_packages(package.__path__, 'mmseg_im.')]
    assert 'mmseg_im.engine.work_dir' in names
    for name in names:
        importlib.import_module(name)


def test_the_package_imports_without_posix_modules():
    process = FORK.Process(target=import_without_posix)
    process.start()
    process.join(60)
    assert process.exitcode == 0
