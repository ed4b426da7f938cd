# SPDX-License-Identifier: Apache-2.0
"""Validation of student, teachers and networks trained beside the student."""

import copy
import json

import pytest
import torch
from mmengine.runner import Runner
from publish_student import select

from mmseg_im.checkpoints import read_checkpoint
from tests.conftest import rename


def test_every_network_is_measured_under_its_name(demo_cfg, tmp_path):
    from mmseg.registry import MODELS

    frozen = MODELS.build(dict(demo_cfg.model, semi=None))
    path = tmp_path / 'frozen.pth'
    torch.save(frozen.state_dict(), path)
    demo_cfg.model.semi.teachers += [
        dict(type='FrozenTeacher', checkpoint=str(path)),
        dict(type='SelfTeacher'),
    ]
    runner = Runner.from_cfg(demo_cfg)
    runner.train()
    metrics = runner.val_loop.run()
    assert {'mIoU', 'teacher0/mIoU', 'teacher1/mIoU'} <= metrics.keys()
    assert not any(key.startswith('teacher2') for key in metrics)
    assert (tmp_path / 'work' / 'best.pth').is_file()  # KeepBestHook(metric='mIoU') found its key
    assert runner.val_loop._frozen_metrics.keys() == {'teacher1'}

    # Each number is what the network scores on its own.
    for name, network in (('', runner.model), ('teacher1/', frozen)):
        alone = demo_cfg.copy()
        alone.model = dict(demo_cfg.model, semi=None)
        alone.default_hooks.checkpoint = None
        rename(alone, f'alone{name[:-1]}')
        other = Runner.from_cfg(alone)
        weights = {k: v for k, v in network.state_dict().items() if not k.startswith('semi.')}
        other.model.load_state_dict(weights)
        assert other.val()['mIoU'] == pytest.approx(metrics[f'{name}mIoU'])


def test_a_network_beside_the_student_is_kept_resumed_and_published(demo_cfg, tmp_path):
    """It is validated under its name, can decide what is best, and goes on after a resume."""
    from mmseg.registry import MODELS

    demo_cfg.model.semi = dict(type='CPS')
    demo_cfg.train_cfg.max_epochs = 2
    undisturbed = copy.deepcopy(demo_cfg)
    stopped = copy.deepcopy(demo_cfg)
    stopped.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(undisturbed)
    runner.train()
    metrics = runner.val_loop.run()
    assert 'second/mIoU' in metrics and 'mIoU' in metrics

    work = tmp_path / 'work'
    best = read_checkpoint(work / 'best.pth').weights
    published = select(best, 'second')
    of_second = read_checkpoint(work / 'best_second.pth')
    assert of_second.weights.keys() == published.keys()
    assert len(of_second.meta['dataset_meta']['classes']) == 4
    record = json.loads((work / 'validation.json').read_text())['validations']
    best_at = max(record, key=lambda at: (record[at]['second/mIoU'], -int(at)))
    assert of_second.meta['epoch'] == int(best_at)
    alone = MODELS.build(dict(demo_cfg.model, semi=None))
    alone.load_state_dict(published, strict=True)
    with pytest.raises(ValueError, match=r'none of student, ema, teacher0, teacher1 ..., second'):
        select(best, 'third')

    stopped.work_dir = str(tmp_path / 'again')
    rename(stopped, 'stopped')
    Runner.from_cfg(stopped).train()
    resumed = copy.deepcopy(demo_cfg)
    resumed.work_dir, resumed.resume = stopped.work_dir, True
    rename(resumed, 'resumed')
    other = Runner.from_cfg(resumed)
    other.train()
    again = read_checkpoint(tmp_path / 'again' / 'best_second.pth').weights
    for key, value in of_second.weights.items():
        assert torch.equal(value, again[key]), key
    for key, value in runner.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[key]), key
