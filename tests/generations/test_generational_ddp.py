# SPDX-License-Identifier: Apache-2.0
"""A whole generation on two processes writes the labels that one process writes."""

import json
from pathlib import Path

import cv2
import numpy as np

from mmseg_im.datasets.pseudo_label_files import read_index
from tests.generations.conftest import make_generations_cfg
from tests.tool_runs import finish, start_ranks, start_tool

WORKER = str(Path(__file__).with_name('generational_worker.py'))


def test_two_processes_equal_one(mini_shapes, tmp_path):
    """Without batch statistics and padding, as in test_ddp.py; in float64, so that the order of a
    sum decides no pixel."""
    jobs, logs = {}, {}
    for name, batch_size in (('one', 4), ('two', 2)):
        cfg = make_generations_cfg(mini_shapes, tmp_path / name)
        norm = dict(type='GN', num_groups=2)
        cfg.model.backbone.norm_cfg = cfg.model.decode_head.norm_cfg = norm
        cfg.train_dataloader.batch_size = batch_size
        cfg.train_dataloader.dataset.num_samples = 16
        for source in ('labeled', 'unlabeled'):
            for transform in cfg.train_dataloader.dataset[source].pipeline:
                if transform['type'] == 'RandomResize':
                    transform['ratio_range'] = (1.0, 1.5)
        # masked pixels would weigh differently in the mean of two halves of a batch
        cfg.generations.im = dict(type='InconsistencyMask', block_label=False)
        config = tmp_path / f'{name}.py'
        cfg.dump(str(config))
        logs[name] = tmp_path / f'{name}.log'
        if name == 'one':
            jobs[name] = [start_tool(WORKER, config, log=logs[name])]
        else:
            jobs[name] = start_ranks(2, WORKER, config, log=logs[name])
    for name, log in logs.items():
        for job in jobs[name]:
            finish(job, log, 280)
    one, two = (tmp_path / name / 'generation_0' / 'labels' for name in ('one', 'two'))
    first, second = read_index(one), read_index(two)
    assert first.head == second.head and dict(first) == dict(second)
    masked = 0
    for path in sorted(one.rglob('*.png')):
        first, second = (
            cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in (path, two / path.relative_to(one))
        )
        np.testing.assert_array_equal(first, second, err_msg=str(path.relative_to(one)))
        masked += (first == 255).sum() if 'masks' in path.parts else 0
    assert masked > 0
    states = [
        json.loads((tmp_path / n / 'state.json').read_text())['stages'] for n in ('one', 'two')
    ]
    assert list(states[0]) == list(states[1])
    for stage, result in states[0].items():
        for key in ('val', 'test'):
            for name, value in result.get(key, {}).items():
                other = states[1][stage][key][name]
                assert value is other or abs(value - other) <= 0.05, (stage, name)
