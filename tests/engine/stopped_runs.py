# SPDX-License-Identifier: Apache-2.0
"""Tiny trainings that are stopped and go on, and what they leave."""

import copy
import itertools
import json
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import HOOKS

from mmseg_im.engine.newest_checkpoint import newest_checkpoint
from tests.conftest import rename

NUMBERS = itertools.count()


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


def short(cfg):
    """Supervised training of three epochs."""
    cfg.model.semi = None
    cfg.val_cfg = dict(type='ValLoop')
    cfg.train_cfg.max_epochs = 3
    cfg.param_scheduler[0].end = 3
    cfg.custom_hooks = [dict(type='SeedHook')]
    return cfg


def train(cfg, folder: Path, at: Path | None = None, **stop) -> None:
    """Trains from the newest checkpoint of a folder, or the one ``at`` a path."""
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(folder)
    rename(cfg, f'keep_best_{next(NUMBERS)}')  # mmengine's are by name and second
    if stop:
        cfg.custom_hooks.append(dict(type='StopHook', **stop))
    latest = at or newest_checkpoint(folder)
    if latest is not None:
        cfg.load_from, cfg.resume = str(latest), True
    runner = Runner.from_cfg(cfg)
    if stop:
        with pytest.raises(Stop):
            runner.train()
    else:
        runner.train()


def same_end(one: Path, other: Path) -> None:
    (record, best), (other_record, other_best) = state(one), state(other)
    assert record == other_record
    details = [path / 'best_validation.json' for path in (one, other)]
    assert details[0].read_bytes() == details[1].read_bytes()
    assert all(torch.equal(best[key], other_best[key]) for key in best)


def state(folder: Path) -> tuple[dict, dict]:
    record = json.loads((folder / 'validation.json').read_text())
    return record, loaded(folder / 'best.pth')['state_dict']


def loaded(path: Path) -> dict:
    return CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')


def drop(folder: Path, *epochs: int) -> None:
    """Takes validations out of the record."""
    path = folder / 'validation.json'
    record = json.loads(path.read_text())['validations']
    for epoch in epochs:
        del record[str(epoch)]
    path.write_text(json.dumps(dict(validations=record)))
