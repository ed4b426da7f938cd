# SPDX-License-Identifier: Apache-2.0
"""What was checked is not checked again, unless it has changed."""

import os

import cv2
import numpy as np
import pytest

from mmseg_im.datasets import sample_files
from mmseg_im.datasets.checked_files import FILE, CheckedFiles, remembering
from mmseg_im.datasets.checks import build_checked, build_evaluation, check_evaluation
from mmseg_im.errors import MissingFileError, UserError

WHERE = 'the.key'


@pytest.fixture
def looked_at(monkeypatch) -> list[str]:
    """Names of the files whose content is read by checks."""
    names: list[str] = []

    def watch(original):
        def watched(path, *args):
            names.append(os.path.basename(path))
            return original(path, *args)

        return watched

    for name in ('check_header', 'decode', 'class_ids'):
        monkeypatch.setattr(sample_files, name, watch(getattr(sample_files, name)))
    return names


@pytest.fixture
def run(tmp_path):
    """The folder of a run."""
    return tmp_path / 'run'


def start(mini, folder, kind: str = 'unlabeled', enabled: bool = True, **changes) -> None:
    """Builds a data set as a run does."""
    with remembering(folder, enabled):
        cfg = mini.cfg('labeled' if kind == 'val' else kind, **changes)
        if kind == 'val':
            check_evaluation(build_evaluation(cfg, WHERE), WHERE)
        else:
            build_checked(cfg, WHERE, labeled=kind == 'labeled')


@pytest.mark.parametrize('kind', ['unlabeled', 'labeled', 'val'])
def test_the_next_start_reads_no_file(mini, run, looked_at, kind):
    start(mini, run, kind)
    assert len(set(looked_at)) == len(mini.names['unlabeled' if kind == 'unlabeled' else 'labeled'])
    assert os.listdir(run) == [FILE]
    looked_at.clear()
    start(mini, run, kind)
    assert not looked_at


@pytest.mark.parametrize('what', ['time', 'size', 'both'])
def test_a_changed_file_is_checked_again_alone(mini, run, looked_at, what):
    start(mini, run)
    path = mini.image('u2')
    before, content = path.stat(), path.read_bytes()
    if what == 'time':
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    else:
        path.write_bytes(content + b'\0')
        if what == 'size':
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    looked_at.clear()
    start(mini, run)
    assert set(looked_at) == {path.name}
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match='u2.* cannot be decoded'):
        start(mini, run)
    path.unlink()
    with pytest.raises(MissingFileError, match='u2'):
        start(mini, run)


def test_a_check_that_failed_is_not_remembered(mini, run):
    path = mini.image('u1')
    path.write_bytes(path.read_bytes()[:70])
    for _ in range(2):
        with pytest.raises(UserError, match='u1.* cannot be decoded'):
            start(mini, run)


def test_another_check_is_made(mini, run, looked_at):
    """Labels that fit eleven classes may not fit five."""
    start(mini, run, 'labeled')
    few = dict(metainfo=dict(classes=list('abcde')))
    with pytest.raises(UserError, match='there are 5 classes'):
        start(mini, run, 'labeled', type='BaseSegDataset', img_suffix='.png', **few)


def test_what_the_labels_hold_is_remembered(mini, run):
    """All hold one class: that is said at the second start, too."""
    for name in mini.names['labeled']:
        path = mini.annotation(name)
        label = np.full(cv2.imread(str(path)).shape[:2], 3, np.uint8)
        assert cv2.imwrite(str(path), label)
    for _ in range(2):
        with pytest.raises(UserError, match='hold the class'):
            start(mini, run, 'labeled')


@pytest.mark.parametrize('kind', ['unlabeled', 'labeled', 'val'])
def test_checks_can_be_left_out(mini, run, looked_at, kind):
    path = mini.image('u1' if kind == 'unlabeled' else 'l1')
    path.write_bytes(b'no image')
    start(mini, run, kind, enabled=False)
    assert not looked_at and not run.exists()
    with pytest.raises(UserError, match='cannot be decoded'):
        start(mini, run, kind)


def test_lists_and_folders_are_checked_always(mini, run):
    with pytest.raises(MissingFileError, match='the list .* does not exist'):
        start(mini, run, enabled=False, ann_file='no.txt')


def test_the_option_is_yes_or_no(run):
    with (
        pytest.raises(UserError, match="check_files='no' must be True or False"),
        remembering(run, 'no'),
    ):
        pass


@pytest.mark.parametrize('content', [b'', b'PK', b'\x93NUMPY', 'cut', 'unsorted', 'pickle'])
def test_a_damaged_memory_remembers_nothing(mini, run, looked_at, content):
    start(mini, run)
    path = run / FILE
    if content == 'cut':
        content = path.read_bytes()[:-20]
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with np.load(path) as arrays:
            arrays = dict(arrays)
        arrays['keys'] = arrays['keys'][::-1] if content == 'unsorted' else np.array([{}])
        np.savez(path, **arrays)
    looked_at.clear()
    start(mini, run)
    assert len(looked_at) == len(mini.names['unlabeled'])
    looked_at.clear()
    start(mini, run)
    assert not looked_at


def test_ten_bytes_an_image(tmp_path):
    memory = CheckedFiles(tmp_path)
    keys = np.random.default_rng(0).integers(0, 2**64, 20_000, np.uint64).tolist()
    for key in keys:
        memory.add(key, {key % 3, 255})
    memory.write()
    assert (tmp_path / FILE).stat().st_size < 10 * len(keys) + 3000
    again = CheckedFiles(tmp_path)
    assert all(again.find(key) == {key % 3, 255} for key in keys)
    assert again.find(1) is None
