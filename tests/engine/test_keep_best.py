# SPDX-License-Identifier: Apache-2.0
"""The best validation is known whenever a run is stopped."""

import copy
import itertools
import json
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import RUNNERS, init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import HOOKS, MODELS

from mmseg_im.engine.hooks.keep_best import (
    KeepBestHook,
    best_validation,
    kept_at,
    score,
    validations_since_best,
)
from mmseg_im.engine.hooks.validation_record import read_record
from mmseg_im.engine.newest_checkpoint import newest_checkpoint
from tests.conftest import make_demo_cfg, rename

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


@pytest.fixture
def cfg(demo_cfg):
    return short(demo_cfg)


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


@pytest.fixture(scope='module')
def trained(mini_shapes, tmp_path_factory):
    """A finished run with all its checkpoints, and its config."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = short(make_demo_cfg(mini_shapes, folder))
    cfg.default_hooks.checkpoint.max_keep_ckpts = 5
    init_default_scope('mmseg')
    train(cfg, folder / 'run')
    return cfg, folder / 'run'


@pytest.fixture
def again(trained, tmp_path):
    """The finished run, copied: ``(cfg, its folder, the copy)``."""
    cfg, run = trained
    shutil.copytree(run, tmp_path / 'copy')
    return cfg, run, tmp_path / 'copy'


def same_end(one: Path, other: Path) -> None:
    (record, best), (other_record, other_best) = state(one), state(other)
    assert record == other_record
    assert all(torch.equal(best[key], other_best[key]) for key in best)


def state(folder: Path) -> tuple[dict, dict]:
    record = json.loads((folder / 'validation.json').read_text())
    return record, loaded(folder / 'best.pth')['state_dict']


def loaded(path: Path) -> dict:
    return CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')


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


def test_the_best_checkpoint_is_that_of_the_best_epoch(trained):
    folder = trained[1]
    at, metrics = best_validation(folder, 'mIoU')
    record, best = state(folder)
    values = {int(k): v['mIoU'] for k, v in record['validations'].items()}
    assert metrics['mIoU'] == max(values.values()) and values[at] == metrics['mIoU']
    assert at == min(k for k, v in values.items() if v == max(values.values()))
    epoch = CheckpointLoader.load_checkpoint(
        str(folder / f'epoch_{at}.pth'), 'cpu', logger='silent'
    )
    assert all(torch.equal(best[key], epoch['state_dict'][key]) for key in best)
    assert epoch['meta']['epoch'] == at and kept_at(folder) == str(at)


def drop(folder: Path, *epochs: int) -> None:
    """Takes validations out of the record."""
    path = folder / 'validation.json'
    record = json.loads(path.read_text())['validations']
    for epoch in epochs:
        del record[str(epoch)]
    path.write_text(json.dumps(dict(validations=record)))


@pytest.mark.parametrize('file', ['best.pth', 'validation.json'])
def test_stopped_between_the_two_files(again, file):
    """Whichever of both was written last."""
    cfg, run, copied = again
    at = int(kept_at(run))
    (copied / 'last_checkpoint').write_text(f'epoch_{at}.pth')
    drop(copied, *range(at, 4))
    if file == 'validation.json':
        _with_weights_of(copied, 1 if at > 1 else 2)
        drop_not = json.loads((run / 'validation.json').read_text())['validations']
        (copied / 'validation.json').write_text(
            json.dumps(dict(validations={k: v for k, v in drop_not.items() if int(k) <= at}))
        )
    train(cfg, copied)
    same_end(run, copied)


def _with_weights_of(folder: Path, epoch: int) -> None:
    content = loaded(folder / f'epoch_{epoch}.pth')
    content['meta']['validation'] = epoch
    torch.save({k: content[k] for k in ('state_dict', 'message_hub', 'meta')}, folder / 'best.pth')


@pytest.mark.parametrize('damage', ['gone', 'cut', 'of another epoch'])
@pytest.mark.parametrize('left', [True, False])
def test_a_best_file_that_is_not_the_best(again, damage, left, capfd):
    """It is made from the checkpoint of that epoch, or the log says that it is lost."""
    cfg, run, copied = again
    best = copied / 'best.pth'
    at = int(kept_at(run))
    other = 1 if at != 1 else 2
    if damage == 'gone':
        best.unlink()
    elif damage == 'cut':
        best.write_bytes(best.read_bytes()[:-100])
    else:
        _with_weights_of(copied, other)
    if at == 3:  # it is validated again, whatever is left
        train(cfg, copied, at=copied / 'epoch_3.pth')
        same_end(run, copied)
        return
    if not left:
        (copied / f'epoch_{at}.pth').unlink()
    capfd.readouterr()
    train(cfg, copied, at=copied / 'epoch_3.pth')
    output = ''.join(capfd.readouterr())
    if left:
        same_end(run, copied)
        assert f'best.pth is restored from epoch_{at}.pth' in output
    else:
        assert f'validation at {at}, the best by mIoU, and no checkpoint of then is left' in output
        assert best_validation(copied, 'mIoU')[0] == int(kept_at(copied)) != at


@pytest.mark.parametrize('epoch', [1, 2])
def test_resumed_from_an_earlier_epoch_than_the_record(again, epoch):
    cfg, run, copied = again
    train(cfg, copied, at=copied / f'epoch_{epoch}.pth')
    same_end(run, copied)


def test_of_an_older_version(again):
    """A ``best.pth`` that does not say of which validation it is, is believed."""
    cfg, run, copied = again
    content = loaded(copied / 'best.pth')
    del content['meta']['validation']
    torch.save(content, copied / 'best.pth')
    train(cfg, copied)
    same_end(run, copied)
    assert best_validation(copied, 'mIoU') == best_validation(run, 'mIoU')


def test_the_hook_of_mmengine_hears_of_the_missed_validation(cfg, tmp_path):
    """A config with ``save_best`` and without ``KeepBestHook``, through ``tools/train.py``."""
    del cfg.default_hooks['best']
    cfg.default_hooks.checkpoint.save_best = 'mIoU'
    ends = []
    for name in ('whole', 'stopped'):
        run = copy.deepcopy(cfg)
        run.work_dir = str(tmp_path / name)
        if name == 'stopped':
            first = copy.deepcopy(run)
            first.custom_hooks.append(dict(type='StopHook', epoch=2, when='before'))
            rename(first, 'stopped_first')
            with pytest.raises(Stop):
                RUNNERS.build(first).train()
            run.resume = True
        rename(run, name)
        runner = RUNNERS.build(run)
        runner.train()
        hub = runner.message_hub.runtime_info
        best = Path(hub['best_ckpt'])
        assert [path.name for path in (tmp_path / name).glob('best*')] == [best.name]
        weights = CheckpointLoader.load_checkpoint(str(best), 'cpu', logger='silent')
        ends.append((best.name, hub['best_score'], weights['state_dict']))
    assert ends[0][:2] == ends[1][:2]
    assert all(torch.equal(ends[0][2][key], ends[1][2][key]) for key in ends[0][2])


def test_a_loop_that_counts_iterations(cfg, tmp_path):
    """The validation of iteration 4 is made up; validations begin with ``val_begin``."""
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=7, val_begin=3, val_interval=2)
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=2)
    cfg.train_dataloader.sampler.type = 'InfiniteSampler'
    cfg.log_processor.by_epoch = False
    cfg.resume = True
    for name, stop in (('first', [dict(type='StopHook', epoch=0, when='before')]), ('second', [])):
        run = copy.deepcopy(cfg)
        run.custom_hooks.extend(stop)
        rename(run, name)
        runner = RUNNERS.build(run)
        if stop:
            with pytest.raises(Stop):
                runner.train()
            assert newest_checkpoint(tmp_path / 'work').name == 'iter_4.pth'
        else:
            runner.train()
    assert list(read_record(tmp_path / 'work' / 'validation.json')) == ['4', '6', '7']
    assert kept_at(tmp_path / 'work') in ('4', '6', '7')


def test_the_best_by_another_metric(demo_cfg, tmp_path):
    demo_cfg.merge_from_dict({'default_hooks.best.metric': 'teacher0/mIoU'})
    RUNNERS.build(demo_cfg).train()
    record = read_record(tmp_path / 'work' / 'validation.json')
    best = max(record, key=lambda key: (record[key]['teacher0/mIoU'], -int(key)))
    assert kept_at(tmp_path / 'work') == best


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


def test_nan_is_worse_than_anything():
    assert score(float('nan')) == score(None) == float('-inf') < score(-1e9)
