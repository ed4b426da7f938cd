# SPDX-License-Identifier: Apache-2.0
"""Two processes train as one does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

WORKER = Path(__file__).with_name('worker.py')


def start(config: Path, output: Path, **environment) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(config), str(output)],
        env={**os.environ, 'OMP_NUM_THREADS': '1', **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_equal_one(demo_cfg, tmp_path):
    """Same samples, same averaged gradient, same logged shares of the mask.

    Without CutMix, whose partner is a neighbour in the batch of a process, without batch
    statistics, and without padding, so that each process has the same number of pixels.
    """
    norm = dict(type='GN', num_groups=2)
    demo_cfg.model.backbone.norm_cfg = demo_cfg.model.decode_head.norm_cfg = norm
    demo_cfg.model.decode_head.dropout_ratio = 0.0
    demo_cfg.model.semi.cutmix_prob = 0.0
    demo_cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.05)
    for dataset in ('labeled', 'unlabeled'):
        for transform in demo_cfg.train_dataloader.dataset[dataset].pipeline:
            if transform['type'] == 'RandomResize':
                transform['ratio_range'] = (1.0, 1.5)
    demo_cfg.train_dataloader.batch_size = 4
    one = tmp_path / 'one.py'
    demo_cfg.dump(str(one))
    demo_cfg.train_dataloader.batch_size = 2
    demo_cfg.work_dir += '_two'
    two = tmp_path / 'two.py'
    demo_cfg.dump(str(two))

    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = str(probe.getsockname()[1])
    jobs = [start(one, tmp_path / 'one')]
    jobs += [
        start(two, tmp_path / 'two', RANK=str(r), LOCAL_RANK=str(r), WORLD_SIZE='2',
              MASTER_ADDR='127.0.0.1', MASTER_PORT=port)
        for r in range(2)
    ]  # fmt: skip
    for job in jobs:
        _, errors = job.communicate(timeout=240)
        assert job.returncode == 0, errors
    alone = torch.load(tmp_path / 'one.0')
    first, second = (torch.load(tmp_path / f'two.{r}') for r in range(2))
    assert len(alone['steps']) == len(first['steps']) == 4
    for a, b, c in zip(alone['steps'], first['steps'], second['steps'], strict=True):
        for key in a:
            if key.startswith('train/im/'):  # reduced over the processes before it is logged
                np.testing.assert_allclose([b[key], c[key]], a[key], rtol=1e-5, err_msg=key)
            elif 'loss' in key:
                np.testing.assert_allclose((b[key] + c[key]) / 2, a[key], rtol=1e-4, err_msg=key)
    assert any(key.startswith('train/im/masked') for key in alone['steps'][0])
    for key, value in alone['weights'].items():
        torch.testing.assert_close(first['weights'][key], value, rtol=1e-4, atol=1e-5, msg=key)
        assert torch.equal(first['weights'][key], second['weights'][key]), key
