# SPDX-License-Identifier: Apache-2.0
"""A resumed run goes on from the newest checkpoint that is whole."""

import shutil
from pathlib import Path

import pytest
import torch

from mmseg_im.engine import newest_checkpoint as checkpoints
from mmseg_im.engine.newest_checkpoint import (
    in_order,
    newest_checkpoint,
    pointed_at,
    to_resume_from,
)
from mmseg_im.errors import UserError

HUB = dict(log_scalars={}, runtime_info={}, resumed_keys={})


def write(folder: Path, *numbers: int, kind: str = 'epoch') -> list[Path]:
    """Checkpoints with the keys of a training, and the pointer to the last one."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f'{kind}_{number}.pth' for number in numbers]
    for number, path in zip(numbers, paths, strict=True):
        state = dict(weight=torch.full((64,), float(number)))
        meta = dict(epoch=number, iter=4 * number)
        torch.save(dict(state_dict=state, message_hub=HUB, meta=meta), path)
    (folder / 'last_checkpoint').write_text(str(paths[-1]))
    return paths


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def empty(path: Path) -> None:
    path.write_bytes(b'')


def flip(path: Path) -> None:
    """Changes a value of the weights: torch reads it without a word."""
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((64,), 10.0).numpy().tobytes()) + 2] ^= 1
    path.write_bytes(content)


def no_training(path: Path) -> None:
    torch.save(dict(state_dict=dict(weight=torch.zeros(1)), meta=dict(epoch=10, iter=40)), path)


def no_dict(path: Path) -> None:
    torch.save([torch.zeros(1)], path)


def no_numbers(path: Path) -> None:
    torch.save(dict(state_dict={}, message_hub=HUB, meta=dict(epoch='10', iter=40)), path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize(
    'damage', [cut, empty, flip, no_training, no_dict, no_numbers, a_folder, zeros]
)
def test_a_damaged_file_is_passed_over(tmp_path, damage, monkeypatch):
    said = []  # not from stdout, which the logger of an earlier test may have kept
    monkeypatch.setattr(checkpoints, 'print_log', lambda text, *_: said.append(text))
    paths = write(tmp_path, 1, 2, 10)
    assert newest_checkpoint(tmp_path) == paths[2]
    damage(paths[2])
    assert to_resume_from(tmp_path) == paths[1]
    assert [text.partition('.pth')[0] for text in said] == ['epoch_10']
    assert 'is passed over' in said[0]


@pytest.mark.parametrize(
    'content', [b'', b'\n', b'\xff\xfe\x00\x01', b'a\x00b', None, b'x' * 300, b'y' * 5000]
)
def test_a_useless_pointer(tmp_path, content):
    paths = write(tmp_path, 1, 2, 10)
    pointer = tmp_path / 'last_checkpoint'
    pointer.unlink() if content is None else pointer.write_bytes(content)
    assert to_resume_from(tmp_path) == paths[2]


def test_the_pointer_comes_first(tmp_path):
    """After going back to an earlier epoch by hand, a later one is of another course of the run."""
    paths = write(tmp_path, 1, 2, 3)
    (tmp_path / 'last_checkpoint').write_text(f'{paths[1]}\n')
    assert in_order(tmp_path) == [paths[1], paths[2], paths[0]]


def test_a_folder_that_was_moved_or_copied(tmp_path):
    old = write(tmp_path / 'old', 1, 2)
    shutil.copytree(tmp_path / 'old', tmp_path / 'new')
    assert pointed_at(tmp_path / 'new') == old[1] and old[1].is_file()
    assert to_resume_from(tmp_path / 'new') == tmp_path / 'new' / 'epoch_2.pth'
    shutil.rmtree(tmp_path / 'old')
    assert to_resume_from(tmp_path / 'new') == tmp_path / 'new' / 'epoch_2.pth'


def test_checkpoints_in_another_folder(tmp_path):
    """``CheckpointHook.out_dir``, and a ``filename_tmpl`` of one's own."""
    paths = write(tmp_path / 'elsewhere', 5, 6, kind='iter')
    (tmp_path / 'run').mkdir()
    shutil.move(tmp_path / 'elsewhere' / 'last_checkpoint', tmp_path / 'run')
    assert to_resume_from(tmp_path / 'run') == paths[1]
    cut(paths[1])
    assert to_resume_from(tmp_path / 'run') == paths[0]
    paths[0].rename(tmp_path / 'run' / 'mine.pth')
    (tmp_path / 'run' / 'last_checkpoint').write_text(str(tmp_path / 'run' / 'mine.pth'))
    assert to_resume_from(tmp_path / 'run') == tmp_path / 'run' / 'mine.pth'


def test_nothing_whole_is_no_new_beginning(tmp_path):
    for path in write(tmp_path, 1, 2):
        cut(path)
    match = r'no whole checkpoint of a training.*epoch_2.pth.*--work-dir'
    with pytest.raises(UserError, match=match):
        to_resume_from(tmp_path)


@pytest.mark.parametrize('name', ['last_checkpoint', 'best.pth', 'best_mIoU_epoch_3.pth'])
def test_a_trace_of_a_run_is_no_new_beginning(tmp_path, name):
    (tmp_path / name).write_text('/gone/epoch_3.pth')
    with pytest.raises(UserError, match=name):
        to_resume_from(tmp_path)


def test_nothing_at_all(tmp_path):
    (tmp_path / 'run.py').write_text('')
    (tmp_path / 'pretrained.pth').write_text('')
    (tmp_path / 'epoch_x.pth').write_text('')
    assert to_resume_from(tmp_path) is None
    assert newest_checkpoint(tmp_path / 'nothing') is None
