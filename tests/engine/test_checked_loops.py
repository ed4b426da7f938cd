# SPDX-License-Identifier: Apache-2.0
"""The loops of any config look at the files of validation and test before training."""

import shutil

import cv2
import numpy as np
import pytest
from mmengine.runner import Runner

from mmseg_im.engine import TestLoop, ValLoop, checked_loops


@pytest.fixture
def cfg(demo_cfg, tmp_path):
    """The demo with mmengine's own loops named, and data of its own."""
    shapes = demo_cfg.train_dataloader.dataset.labeled
    root = tmp_path / 'shapes'
    Runner.build_dataloader(demo_cfg.val_dataloader)  # draws them
    shutil.copytree(shapes.data_root, root)
    for loader in (demo_cfg.val_dataloader, demo_cfg.test_dataloader):
        loader.dataset.data_root = str(root)
    demo_cfg.default_hooks.checkpoint = None
    demo_cfg.val_cfg = dict(type='ValLoop')
    demo_cfg.test_cfg = dict(type='TestLoop')
    return demo_cfg


def test_configs_that_name_the_loops_of_mmengine_get_ours(cfg):
    runner = Runner.from_cfg(cfg)
    assert type(runner.val_loop) is ValLoop
    assert type(runner.test_loop) is TestLoop
    assert 0 <= runner.val()['mIoU'] <= 100
    assert 0 <= runner.test()['mIoU'] <= 100


def test_both_are_looked_at_once(cfg, monkeypatch):
    looked = []
    monkeypatch.setattr(
        checked_loops,
        'check_evaluation',
        lambda dataset, where: looked.append((where, len(dataset))),
    )
    Runner.from_cfg(cfg).val_loop  # noqa: B018  (builds it)
    assert looked == [('val_dataloader.dataset', 2), ('test_dataloader.dataset', 2)]
    cfg.test_dataloader = cfg.val_dataloader
    Runner.from_cfg(cfg).val_loop  # noqa: B018
    assert looked[2:] == [('val_dataloader.dataset', 2)]  # the same files, so one look is enough


@pytest.mark.parametrize('part', ['val', 'test'])
def test_a_metric_that_leaves_out_another_label(cfg, part):
    cfg[f'{part}_evaluator'].ignore_index = 0
    runner = Runner.from_cfg(cfg)
    with pytest.raises(ValueError, match=f'{part}_evaluator: .*IoUMetric.ignore_index is 0, and'):
        getattr(runner, part)()


def test_broken_test_data_end_the_training_before_it_begins(cfg, tmp_path):
    path = tmp_path / 'shapes' / 'annotations' / 'test' / '0001.png'
    assert cv2.imwrite(str(path), np.full((32, 32), 9, np.uint8))
    with pytest.raises(ValueError, match=f'{path} holds the value 9.*test_evaluator to None'):
        Runner.from_cfg(cfg).train()
    cfg.test_dataloader = cfg.test_cfg = cfg.test_evaluator = None
    assert Runner.from_cfg(cfg).val()['mIoU'] >= 0


def test_a_run_that_only_tests_does_not_need_validation_data(cfg):
    shutil.rmtree(cfg.val_dataloader.dataset.data_root + '/images/val')
    assert 0 <= Runner.from_cfg(cfg).test()['mIoU'] <= 100
