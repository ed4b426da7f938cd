# SPDX-License-Identifier: Apache-2.0
"""A run that is killed and resumed ends like one that was never stopped."""

import os
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader

from tests.conftest import rename
from tests.tool_runs import finish, start_tool


def start(config: Path, work_dir: Path, *options: str) -> BaseProcess:
    log = work_dir.with_suffix('.log')
    return start_tool('train.py', config, '--work-dir', work_dir, *options, log=log)


def equal(a, b, where='') -> None:
    """Asserts that two nested states are the same, tensor for tensor."""
    assert type(a) is type(b), where
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            equal(a[key], b[key], f'{where}.{key}')
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            equal(x, y, f'{where}[{i}]')
    else:
        assert a == b, where


def test_kill_and_resume_equals_not_stopping(demo_cfg, tmp_path):
    """With worker processes, persistent as in our configs, and a kill -9 in the second epoch."""
    demo_cfg.train_cfg.max_epochs = 3
    demo_cfg.param_scheduler[0].end = 3
    demo_cfg.train_dataloader.update(num_workers=1, persistent_workers=True)
    config = tmp_path / 'run.py'
    demo_cfg.dump(str(config))
    whole, stopped = tmp_path / 'whole', tmp_path / 'stopped'
    undisturbed = start(config, whole)
    job = start(config, stopped)
    deadline = time.monotonic() + 240
    while not (stopped / 'last_checkpoint').is_file():
        assert job.exitcode is None and time.monotonic() < deadline
        time.sleep(0.02)
    job.kill()
    job.join()
    assert not (stopped / 'epoch_3.pth').exists()
    finish(undisturbed, whole.with_suffix('.log'))
    finish(start(config, stopped, '--resume'), stopped.with_suffix('.log'))

    first, second = (
        CheckpointLoader.load_checkpoint(str(d / 'epoch_3.pth'), 'cpu', logger='silent')
        for d in (whole, stopped)
    )
    for key in ('state_dict', 'optimizer', 'param_schedulers'):
        equal(first[key], second[key], key)
    assert any(key.startswith('semi.teachers.0.module') for key in first['state_dict'])
    assert first['state_dict']['semi.teachers.0.steps'] == 12
    infos = [c['message_hub']['runtime_info'] for c in (first, second)]
    for key in ('iter', 'epoch'):
        assert infos[0][key] == infos[1][key]
    assert (whole / 'validation.json').read_bytes() == (stopped / 'validation.json').read_bytes()
    best = [
        CheckpointLoader.load_checkpoint(str(d / 'best.pth'), 'cpu', logger='silent')['state_dict']
        for d in (whole, stopped)
    ]
    equal(*best)


def test_load_from_a_supervised_checkpoint(demo_cfg, capfd):
    """Weights start there, the method starts anew, and no key is reported missing."""
    supervised = demo_cfg.copy()
    supervised.model = dict(demo_cfg.model, semi=None)
    supervised.train_cfg = dict(demo_cfg.train_cfg, max_epochs=1)
    runner = Runner.from_cfg(supervised)
    runner.train()
    start_weights = {k: v.clone() for k, v in runner.model.state_dict().items()}
    demo_cfg.load_from = str(Path(supervised.work_dir) / 'epoch_1.pth')
    rename(demo_cfg, 'semi')
    capfd.readouterr()
    semi = Runner.from_cfg(demo_cfg)
    semi.load_or_resume()
    output = ''.join(capfd.readouterr())
    assert 'missing keys' not in output and 'unexpected key' not in output
    for key, value in start_weights.items():
        assert torch.equal(semi.model.state_dict()[key], value)
    assert semi.model.semi.teachers[0].steps == 0


def test_a_checkpoint_with_code_stops_before_training(demo_cfg, tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'made'),)

    path = tmp_path / 'evil.pth'
    torch.save(dict(state_dict={}, extra=Payload()), path)
    demo_cfg.load_from = str(path)
    with pytest.raises(ValueError, match=r'evil.pth is refused because loading it would run code'):
        Runner.from_cfg(demo_cfg).train()
    assert not (tmp_path / 'made').exists()
