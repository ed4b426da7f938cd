# SPDX-License-Identifier: Apache-2.0
"""Files that cannot be written, through the tools; ``disk_full.py`` fills a real disk."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest

from mmseg_im.files.atomic import write_png
from tests.attacks.comparing import differences
from tests.attacks.small_disk import torn
from tests.conftest import ROOT, make_demo_cfg, tiny_model
from tests.tool_runs import CONTEXT, Ended, assert_refused, run_script, run_tool


@pytest.fixture(scope='module')
def config(mini_shapes, tmp_path_factory) -> Path:
    """A training of two epochs with a small network."""
    folder = tmp_path_factory.mktemp('disk')
    cfg = make_demo_cfg(mini_shapes, folder)
    cfg.model = tiny_model(cfg.model.semi)
    cfg.custom_hooks[2].interval = 1000  # a panel is larger than a checkpoint
    cfg.dump(str(folder / 'config.py'))
    return folder / 'config.py'


@pytest.fixture(scope='module')
def trained(config) -> Path:
    """The work_dir of a run that nothing disturbed."""
    ended = train(config, config.parent / 'whole')
    assert ended.status == 0, ended.output
    return config.parent / 'whole'


def train(config: Path, work_dir: Path, *options: str) -> Ended:
    log = config.parent / 'log'
    return run_tool('train.py', config, '--work-dir', work_dir, *options, log=log)


def _limited(size: int, *args) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    run_script(*args)


def train_with_files_below(size: int, config: Path, work_dir: Path) -> Ended:
    """Trains in a process that can write so many bytes to a file, as on a full disk."""
    log = config.parent / 'log'
    argv = [str(ROOT / 'tools/train.py'), str(config), '--work-dir', str(work_dir)]
    process = CONTEXT.Process(target=_limited, args=(size, argv, str(log), {}, os.getcwd()))
    process.start()
    process.join(120)
    return Ended(process.exitcode, log.read_text())


def test_a_checkpoint(attack, config, trained):
    """What is left is whole, and the run goes on to the end of an undisturbed one."""
    work_dir = config.parent / 'limited'
    size = (trained / 'epoch_1.pth').stat().st_size
    ended = train_with_files_below(size - 1, config, work_dir)
    attack('disk full')
    assert_refused(ended, 'epoch_1.pth cannot be written (File too large). Free space', '--resume')
    assert not torn(work_dir)
    ended = train(config, work_dir, '--resume')
    assert ended.status == 0, ended.output
    assert differences(trained, work_dir, ['epoch_*.pth', 'best.pth']) == []


@pytest.mark.parametrize('name', ['last_checkpoint', 'config.py'])
def test_small_files_of_mmengine(attack, config, tmp_path, name):
    (tmp_path / name).symlink_to('/dev/full')
    attack('disk full')
    assert_refused(train(config, tmp_path), f'{name} cannot be written (No space left on device)')
    assert not torn(tmp_path)


def test_tools_whose_output_is_a_file_or_a_full_disk(attack, config, trained, tmp_path):
    for i in range(4):
        write_png(tmp_path / f'images/{i}.png', np.full((32, 32, 3), 50 * i, np.uint8))
        write_png(tmp_path / f'masks/{i}.png', np.eye(32, dtype=np.uint8))
    (tmp_path / 'file').write_text('mine')
    out = tmp_path / 'file' / 'out'
    best = next(trained.glob('best*.pth'))
    images, masks = tmp_path / 'images', tmp_path / 'masks'
    for full, command in (
        ('/dev/full', ('publish_student.py', best, '/dev/full')),
        (out, ('publish_student.py', best, out)),
        (out, ('predict.py', config, best, images, '--out', out)),
        (out, ('test.py', config, best, '--work-dir', tmp_path / 'w', '--out', out)),
        (out, ('browse_dataset.py', config, '--output-dir', out)),
        (out, ('make_splits.py', images, out, '--counts', 2)),
        (out, ('init_project.py', images, masks, '--out', out)),
        (out, ('train.py', config, '--work-dir', out)),
    ):
        ended = run_tool(*command, log=tmp_path / 'log')
        sentence = assert_refused(ended, str(full).removesuffix('/out'), 'cannot be ', 'writ')
        assert sentence.startswith('error: '), command
        attack('output that cannot be written')
    assert (tmp_path / 'file').read_text() == 'mine'
    assert Path('/dev/full').is_char_device()
