# SPDX-License-Identifier: Apache-2.0
"""The best validation is known whenever a run is stopped."""

import copy
import json
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.registry import RUNNERS, init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_im.engine.hooks.best_files import best_validation, kept_at, score
from mmseg_im.engine.hooks.validation_record import read_record
from mmseg_im.engine.newest_checkpoint import newest_checkpoint
from tests.conftest import make_demo_cfg, rename
from tests.engine.stopped_runs import Stop, drop, loaded, same_end, short, state, train


@pytest.fixture
def cfg(demo_cfg):
    return short(demo_cfg)


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


def test_nan_is_worse_than_anything():
    assert score(float('nan')) == score(None) == float('-inf') < score(-1e9)
