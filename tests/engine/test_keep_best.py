# SPDX-License-Identifier: Apache-2.0
"""The best validation is known whenever a run is stopped."""

import copy
import json
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import HOOKS

from mmseg_im.engine.checkpoints import newest_checkpoint
from mmseg_im.engine.hooks.keep_best import best_validation, score
from tests.conftest import rename


class Stop(Exception):
    pass


@HOOKS.register_module(force=True)
class StopHook(Hook):
    """Ends a run as a kill would: before or after a point, without tidying up."""

    priority = 'LOWEST'

    def __init__(self, epoch: int, when: str):
        self.epoch, self.when = epoch, when

    def before_val(self, runner):
        if self.when == 'before' and runner.epoch == self.epoch:
            raise Stop

    def after_val(self, runner):
        if self.when == 'after' and runner.epoch == self.epoch:
            raise Stop


@pytest.fixture
def cfg(demo_cfg):
    demo_cfg.model.semi = None
    demo_cfg.val_cfg = dict(type='ValLoop')
    demo_cfg.train_cfg.max_epochs = 3
    demo_cfg.param_scheduler[0].end = 3
    demo_cfg.custom_hooks = [dict(type='SeedHook')]
    return demo_cfg


def train(cfg, folder: Path, **stop) -> None:
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(folder)
    rename(cfg, f'{folder.name}_{len(list(folder.glob("*")))}_{stop.get("when")}')
    if stop:
        cfg.custom_hooks.append(dict(type='StopHook', **stop))
    latest = newest_checkpoint(folder)
    if latest is not None:
        cfg.load_from, cfg.resume = str(latest), True
    runner = Runner.from_cfg(cfg)
    if stop:
        with pytest.raises(Stop):
            runner.train()
    else:
        runner.train()


def state(folder: Path) -> tuple[dict, dict]:
    content = CheckpointLoader.load_checkpoint(str(folder / 'best.pth'), 'cpu', logger='silent')
    return json.loads((folder / 'validation.json').read_text()), content['state_dict']


@pytest.mark.parametrize(
    ('epoch', 'when'), [(1, 'before'), (2, 'before'), (2, 'after'), (3, 'before')]
)
def test_stopped_runs_end_like_undisturbed_ones(cfg, tmp_path, epoch, when):
    train(cfg, tmp_path / 'whole')
    train(cfg, tmp_path / 'stopped', epoch=epoch, when=when)
    train(cfg, tmp_path / 'stopped')
    (whole, best), (stopped, other) = (state(tmp_path / n) for n in ('whole', 'stopped'))
    assert whole == stopped and list(whole['validations']) == ['1', '2', '3']
    assert all(torch.equal(best[key], other[key]) for key in best)
    assert 'optimizer' not in CheckpointLoader.load_checkpoint(
        str(tmp_path / 'whole/best.pth'), 'cpu', logger='silent'
    )


def test_the_best_checkpoint_is_that_of_the_best_epoch(cfg, tmp_path):
    cfg.default_hooks.checkpoint.max_keep_ckpts = 5
    train(cfg, tmp_path / 'run')
    at, metrics = best_validation(tmp_path / 'run', 'mIoU')
    record, best = state(tmp_path / 'run')
    values = {int(k): v['mIoU'] for k, v in record['validations'].items()}
    assert metrics['mIoU'] == max(values.values()) and values[at] == metrics['mIoU']
    assert at == min(k for k, v in values.items() if v == max(values.values()))
    epoch = CheckpointLoader.load_checkpoint(
        str(tmp_path / f'run/epoch_{at}.pth'), 'cpu', logger='silent'
    )['state_dict']
    assert all(torch.equal(best[key], epoch[key]) for key in best)


def test_nan_is_worse_than_anything():
    assert score(float('nan')) == score(None) == float('-inf') < score(-1e9)
