# SPDX-License-Identifier: Apache-2.0
"""A file that cannot be written ends a tool with a sentence, and leaves nothing half-written."""

import errno
import logging
import os
from pathlib import Path

import cv2
import mmengine.fileio
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner import save_checkpoint
from mmseg.registry import VISUALIZERS

from mmseg_im.errors import MissingFileError, UserError, plain_errors
from mmseg_im.files.atomic import write_aside

FULL = '/dev/full'  # every write to it says that the disk is full
GO_ON = (
    'Free space or choose another folder; then give the same command again, with --resume if it '
    'has that option.'
)


def said(action) -> str:
    """What a tool prints when an action fails in it."""
    with pytest.raises(SystemExit) as ended, plain_errors():
        action()
    return ended.value.code


def test_a_file_that_somebody_else_writes():
    def write():
        with open(FULL, 'w') as file:
            file.write('x')

    sentence = f'error: {FULL} cannot be written (No space left on device). {GO_ON}'
    assert said(write) == sentence

    def write_path():
        Path(FULL).write_text('x')

    assert said(write_path) == sentence

    def raised_anew():  # as mmengine's registries do
        try:
            write()
        except OSError as error:
            raise type(error)(f'class `Runner` in mmengine/runner.py: {error}')  # noqa: B904

    assert said(raised_anew) == sentence


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_the_reason_is_that_of_the_system(number):
    def write():
        raise OSError(number, os.strerror(number), 'a/b')

    assert f'a/b cannot be written ({os.strerror(number)})' in said(write)


def test_a_file_where_a_folder_belongs(tmp_path):
    (tmp_path / 'file').write_text('')
    for action in (
        lambda: write_aside(tmp_path / 'file/x', b''),
        lambda: os.makedirs(tmp_path / 'file/x'),
        lambda: os.makedirs(tmp_path / 'file'),
    ):
        assert f'{tmp_path}/file' in said(action)
    assert (tmp_path / 'file').read_text() == ''


def test_a_device_is_written_to_and_stays_one():
    write_aside('/dev/null', b'x')
    assert f'{FULL} cannot be written (No space' in said(lambda: write_aside(FULL, b'x'))
    assert Path('/dev/null').is_char_device() and Path(FULL).is_char_device()


def test_other_errors_pass(tmp_path):
    for error in (FileNotFoundError(errno.ENOENT, 'x'), OSError('x'), KeyError('x')):
        with pytest.raises(type(error)), plain_errors():
            raise error
    assert said(lambda: (_ for _ in ()).throw(MissingFileError('x is missing'))).endswith('missing')


def test_a_mistake_is_not_taken_for_the_disk():
    def refuse():
        try:
            raise OSError(errno.ENOSPC, 'No space left on device', 'cache')
        except OSError as error:
            raise UserError('Correct x.') from error

    assert said(refuse) == 'error: Correct x.'


def test_a_log_that_is_written_past_logging():
    def write():
        handler = logging.FileHandler(FULL)
        handler.stream.write('x' * 100_000)

    assert f'{FULL} cannot be written (No space' in said(write)


def test_a_log_that_cannot_be_written_ends_a_tool(capfd):
    logger = logging.Logger('full')
    logger.addHandler(logging.FileHandler(FULL))
    assert f'{FULL} cannot be written (No space left' in said(lambda: logger.info('x'))
    assert 'Logging error' not in capfd.readouterr().err
    logger.info('elsewhere, logging does as ever')
    assert 'Logging error' in capfd.readouterr().err


def fill(monkeypatch) -> None:
    """From now on, whatever is written aside is cut off after ten bytes."""
    write_bytes = Path.write_bytes

    def full(path, content):
        write_bytes(path, bytes(content)[:10])
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(Path, 'write_bytes', full)


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob('*') if p.is_file()}


def test_files_of_mmengine_are_whole(tmp_path, monkeypatch):
    save_checkpoint(dict(a=torch.ones(3)), str(tmp_path / 'a.pth'))
    mmengine.fileio.dump(dict(a=1), str(tmp_path / 'a.json'))
    before = files(tmp_path)
    assert len(before) == 2
    fill(monkeypatch)
    for action in (
        lambda: save_checkpoint(dict(a=torch.zeros(3)), str(tmp_path / 'a.pth')),
        lambda: save_checkpoint(dict(a=torch.zeros(3)), str(tmp_path / 'b.pth')),
        lambda: mmengine.fileio.dump(dict(a=2), str(tmp_path / 'a.json')),
        lambda: mmengine.fileio.put_text('x', tmp_path / 'x.txt'),
    ):
        assert 'cannot be written (No space left on device)' in said(action)
    assert files(tmp_path) == before


def test_a_picture_is_not_lost_in_silence(tmp_path, monkeypatch):
    """OpenCV only returns False; configs name mmengine's backend."""
    visualizer = VISUALIZERS.build(
        dict(
            type='SegLocalVisualizer',
            name='pictures',
            vis_backends=[dict(type='LocalVisBackend')],
            save_dir=str(tmp_path),
        )
    )
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200  # red
    visualizer.add_image('folder/panel', image, step=3)
    found = tmp_path / 'vis_data/vis_image/folder/panel_3.png'
    assert (cv2.imread(str(found)) == [0, 0, 200]).all()
    visualizer.add_config(Config(dict(a=1)))
    assert Config.fromfile(tmp_path / 'vis_data/config.py').a == 1
    before = files(tmp_path)
    fill(monkeypatch)
    assert 'panel_4.png cannot be written' in said(lambda: visualizer.add_image('panel', image, 4))
    assert 'config.py cannot be' in said(lambda: visualizer.add_config(Config(dict(a=2))))
    assert files(tmp_path) == before
    (tmp_path / 'vis_data/scalars.json').symlink_to(FULL)
    assert 'scalars.json cannot be' in said(lambda: visualizer.add_scalar('loss', 1.0))
