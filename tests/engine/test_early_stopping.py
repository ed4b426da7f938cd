# SPDX-License-Identifier: Apache-2.0
"""A training ends when its validations are no longer better, also after a resume."""

import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_im.engine.hooks.best_files import validations_since_best
from mmseg_im.engine.hooks.keep_best import KeepBestHook
from mmseg_im.engine.hooks.validation_record import read_record
from mmseg_im.engine.newest_checkpoint import newest_checkpoint
from tests.engine.stopped_runs import same_end, short, train


@pytest.fixture
def cfg(demo_cfg):
    return short(demo_cfg)


def test_training_ends_early_also_after_a_resume(cfg, tmp_path, capfd):
    """The made-up validations are worse than the first one."""
    cfg.train_cfg.max_epochs = 5
    cfg.custom_hooks.append(dict(type='FallingHook'))
    cfg.default_hooks.best.patience = 2
    train(cfg, tmp_path / 'whole')
    train(cfg, tmp_path / 'stopped', epoch=2, when='before')
    train(cfg, tmp_path / 'stopped')
    for folder in ('whole', 'stopped'):
        assert list(read_record(tmp_path / folder / 'validation.json')) == ['1', '2', '3']
        assert newest_checkpoint(tmp_path / folder).name == 'epoch_3.pth'
    same_end(tmp_path / 'whole', tmp_path / 'stopped')
    capfd.readouterr()
    train(cfg, tmp_path / 'whole')
    assert 'Training ends at 3: the last 2 validations' in ''.join(capfd.readouterr())
    assert newest_checkpoint(tmp_path / 'whole').name == 'epoch_3.pth'


@HOOKS.register_module(force=True)
class FallingHook(Hook):
    """Makes each validation worse than the one before."""

    priority = 'HIGHEST'

    def after_val_epoch(self, runner, metrics):
        metrics['mIoU'] = 50.0 - runner.epoch


def test_validations_since_the_best():
    def record(**values):
        return {key[1:]: dict(zip(('mIoU', 'ema/mIoU'), pair, strict=True))
                for key, pair in values.items()}  # fmt: skip

    both = ['mIoU', 'ema/mIoU']
    assert validations_since_best({}, both) == 0
    assert validations_since_best({'1': dict(mIoU=1.0), '2': dict(mIoU=1.0)}, both) == 1
    found = record(_1=(3, 1), _2=(2, 5), _3=(2, None), _4=(1, 4))
    assert validations_since_best(found, both) == 2
    assert validations_since_best(found, ['mIoU']) == 3


def test_patience_is_a_number_of_validations():
    with pytest.raises(ValueError, match='patience=-1 must be a number of validations'):
        KeepBestHook('mIoU', patience=-1)


def test_what_labeled_images_alone_reached_does_not_count(cfg, tmp_path):
    """Two of five epochs are of labeled images alone: patience begins with the third."""
    cfg.train_cfg.max_epochs = 5
    cfg.custom_hooks.append(dict(type='FallingHook'))
    cfg.default_hooks.best.patience = 1
    train(cfg, tmp_path / 'plain')
    assert list(read_record(tmp_path / 'plain' / 'validation.json')) == ['1', '2']
    cfg.model.sup_only_iters = 2 * 4  # an epoch has four steps
    train(cfg, tmp_path / 'alone')
    assert list(read_record(tmp_path / 'alone' / 'validation.json')) == ['1', '2', '3', '4']
