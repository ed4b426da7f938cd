# SPDX-License-Identifier: Apache-2.0
"""Two processes train as one does."""

from pathlib import Path

import numpy as np
import torch

from tests.tool_runs import finish, start_ranks, start_tool

WORKER = str(Path(__file__).with_name('worker.py'))


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

    alone, both = tmp_path / 'alone.log', tmp_path / 'both.log'
    job = start_tool(WORKER, one, tmp_path / 'one', log=alone)
    jobs = start_ranks(2, WORKER, two, tmp_path / 'two', log=both)
    finish(job, alone)
    for rank in jobs:
        finish(rank, both)
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
