# SPDX-License-Identifier: Apache-2.0
"""What mmengine takes from a checkpoint when it resumes harms nobody."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader

from tests.conftest import make_demo_cfg
from tests.tool_runs import assert_refused, run_tool


@pytest.fixture(scope='module')
def trained(mini_shapes, tmp_path_factory):
    """A config file, and the content of the checkpoint after the first of its two epochs."""
    folder = tmp_path_factory.mktemp('resumed')
    cfg = make_demo_cfg(mini_shapes, folder)
    cfg.default_hooks.checkpoint.save_best = 'mIoU'
    cfg.dump(str(folder / 'config.py'))
    cfg.train_cfg.max_epochs = 1
    Runner.from_cfg(cfg).train()
    path = str(folder / 'work' / 'epoch_1.pth')
    return folder / 'config.py', CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')


@pytest.fixture
def resume(trained, tmp_path):
    """Resumes the second epoch from a changed checkpoint: ``resume(change)``."""
    config, content = trained

    def run(change):
        changed = copy.deepcopy(content)
        change(changed)
        path = tmp_path / 'from' / 'changed.pth'
        path.parent.mkdir()
        torch.save(changed, path)
        return run_tool(
            'train.py', config, '--resume', '--work-dir', tmp_path / 'work',
            '--cfg-options', f'load_from={path}', log=tmp_path / 'log',
        )  # fmt: skip

    return run


def test_text_that_mmengine_takes_for_a_config_is_not_run(resume, marker, attack):
    code = f'open({str(marker)!r}, "w").close()'
    ended = resume(lambda content: content['meta'].update(config=code))
    assert ended.status == 0, ended.output
    attack('resume: code in meta.config')


def test_no_file_or_folder_of_the_files_choice_is_removed(resume, tmp_path, attack):
    treasure = tmp_path / 'treasure'
    treasure.mkdir()
    (treasure / 'thesis.tex').write_text('years')

    def point(content):
        info = content['message_hub']['runtime_info']
        info.update(best_ckpt=str(treasure), best_score=-1.0)

    ended = resume(point)
    assert ended.status == 0, ended.output
    assert list((tmp_path / 'work').glob('best_mIoU_epoch_2.pth'))
    assert (treasure / 'thesis.tex').read_text() == 'years'
    attack('resume: a path to remove')


def lack_values(content):
    for state in content['optimizer']['state'].values():
        state.pop(next(key for key in state if key != 'step'))


CHANGES = {
    'no meta.epoch': lambda c: c['meta'].pop('epoch'),
    'no message_hub': lambda c: c.pop('message_hub'),
    'cannot be resumed: KeyError': lambda c: c['optimizer'].pop('param_groups'),
    'optimizer.state lacks': lack_values,
    "an unexpected value under 'step'": lambda c: c['param_schedulers'][0].update(step=5),
}


@pytest.mark.parametrize('reason', CHANGES)
def test_what_a_resume_needs_is_checked_before_training(reason, resume, tmp_path, attack):
    ended = resume(CHANGES[reason])
    assert_refused(ended, 'changed.pth', reason)
    assert not list(Path(tmp_path / 'work').glob('*.pth'))
    attack('resume: parts missing or forged')


def test_an_honest_checkpoint_resumes(resume, tmp_path):
    ended = resume(lambda content: None)
    assert ended.status == 0, ended.output
    path = str(tmp_path / 'work' / 'epoch_2.pth')
    content = CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')
    losses = [v for k, v in content['message_hub']['log_scalars'].items() if k == 'train/loss']
    assert type(losses[0]) is HistoryBuffer and len(losses[0].data[0]) == 8
    assert content['meta']['epoch'] == 2
