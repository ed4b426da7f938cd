# SPDX-License-Identifier: Apache-2.0
"""Validation of student and teachers."""

import pytest
import torch
from mmengine.runner import Runner

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
