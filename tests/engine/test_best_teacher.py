# SPDX-License-Identifier: Apache-2.0
"""The EMA teacher of the best validation has a file of its own."""

import shutil

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_im.engine.hooks.best_files import kept_at
from mmseg_im.engine.hooks.validation_record import read_record
from tests.conftest import make_demo_cfg
from tests.engine.stopped_runs import drop, loaded, same_end, train


@pytest.fixture(scope='module')
def taught(mini_shapes, tmp_path_factory):
    """A finished run with an EMA teacher and all its checkpoints, and its config."""
    folder = tmp_path_factory.mktemp('taught')
    cfg = make_demo_cfg(mini_shapes, folder)
    cfg.default_hooks.checkpoint.max_keep_ckpts = 5
    cfg.custom_hooks = [dict(type='SeedHook')]
    init_default_scope('mmseg')
    train(cfg, folder / 'run')
    return cfg, folder / 'run'


def test_the_best_ema_teacher_has_a_file_of_its_own(taught):
    """The weights of its best epoch, for a config without the method."""
    cfg, run = taught
    record = read_record(run / 'validation.json')
    best = max(record, key=lambda key: (record[key]['teacher0/mIoU'], -int(key)))
    assert kept_at(run, 'teacher0') == best
    published = loaded(run / 'best_teacher0.pth')
    assert published.keys() == {'state_dict', 'meta'} and published['meta']['weights'] == 'teacher0'
    assert len(published['meta']['dataset_meta']['classes']) == 4
    MODELS.build(dict(cfg.model, semi=None)).load_state_dict(published['state_dict'], strict=True)
    for key, value in loaded(run / f'epoch_{best}.pth')['state_dict'].items():
        if key.startswith('semi.teachers.0.module.'):
            assert torch.equal(value, published['state_dict'][key.split('.module.')[1]])


@pytest.mark.parametrize('damage', ['gone', 'cut', 'not recorded'])
def test_the_file_of_the_teacher_after_a_resume(taught, tmp_path, damage):
    """It is made from the checkpoint of its epoch, or by validating again."""
    cfg, run = taught
    copied = tmp_path / 'copy'
    shutil.copytree(run, copied)
    best = copied / 'best_teacher0.pth'
    if damage == 'gone':
        best.unlink()
    elif damage == 'cut':
        best.write_bytes(best.read_bytes()[:-100])
    else:
        drop(copied, 2)
    train(cfg, copied)
    same_end(run, copied)
    found, expected = loaded(best), loaded(run / 'best_teacher0.pth')
    assert found['meta']['validation'] == expected['meta']['validation']
    assert all(torch.equal(v, expected['state_dict'][k]) for k, v in found['state_dict'].items())
