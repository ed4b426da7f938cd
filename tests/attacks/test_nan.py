# SPDX-License-Identifier: Apache-2.0
"""NaN from the outside: learning rates, weights, images; each ends with a sentence."""

import socket
from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmseg.registry import MODELS

from tests.attacks.ranks import ends
from tests.conftest import make_demo_cfg, tiny_model
from tests.generations.conftest import make_generations_cfg
from tests.tool_runs import CONTEXT, assert_refused, run_tool

LARGE = 'optim_wrapper.optimizer.lr=1e30'


@pytest.fixture(scope='module')
def configs(mini_shapes, tmp_path_factory) -> Path:
    """Folder of ``online.py`` and ``generations.py``, both with a small network."""
    folder = tmp_path_factory.mktemp('nan')
    online = make_demo_cfg(mini_shapes, folder)
    online.model = tiny_model(online.model.semi)
    online.dump(str(folder / 'online.py'))
    make_generations_cfg(mini_shapes, folder).dump(str(folder / 'generations.py'))
    return folder


@pytest.mark.parametrize('name', ['online', 'generations'])
def test_a_learning_rate_that_is_too_large(attack, configs, tmp_path, name):
    ended = run_tool(
        'train.py', configs / f'{name}.py', '--work-dir', tmp_path / 'work',
        '--cfg-options', LARGE, log=tmp_path / 'log',
    )  # fmt: skip
    attack('NaN')
    assert_refused(ended, 'training has diverged. Try a lower optim_wrapper.optimizer.lr or ')
    assert not list((tmp_path / 'work').rglob('*.pth'))


def test_all_processes_end(attack):
    """One of two sees losses that are not finite; none goes on, or waits for the other."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    nan = float('nan')
    losses = [[1.0] * 12, [nan, 1.0, 1.0, 1.0, nan, nan, nan, nan, nan, 1.0, 1.0, 1.0]]
    answers = CONTEXT.Queue()
    jobs = [
        CONTEXT.Process(target=ends, args=(rank, 2, port, losses[rank], 3, answers))
        for rank in range(2)
    ]
    for job in jobs:
        job.start()
    found = sorted(answers.get(timeout=60) for _ in jobs)
    for job in jobs:
        job.join()
    assert [answer[:2] for answer in found] == [(0, 9), (1, 9)]
    for _, _, sentence in found:
        assert sentence.startswith('The loss loss was NaN or inf from iteration 5 on: training has')
    attack('NaN')


def test_weights(attack, configs, tmp_path):
    """As a start, as a teacher: said before the first step."""
    network = MODELS.build(dict(tiny_model(), label_space='multiclass'))
    weights = network.state_dict()
    weights['decode_head.conv_seg.bias'][1] = float('inf')
    torch.save(dict(state_dict=weights), tmp_path / 'nan.pth')
    cfg = Config.fromfile(configs / 'online.py')
    cfg.model.semi.teachers = [dict(type='FrozenTeacher', checkpoint=str(tmp_path / 'nan.pth'))]
    cfg.model.semi.im = None
    cfg.dump(str(tmp_path / 'teacher.py'))
    for config, options in (
        (configs / 'online.py', [f'load_from={tmp_path / "nan.pth"}']),
        (tmp_path / 'teacher.py', ['train_cfg.max_epochs=1']),
    ):
        ended = run_tool(
            'train.py', config, '--work-dir', tmp_path / 'work', '--cfg-options', *options,
            log=tmp_path / 'log',
        )  # fmt: skip
        assert_refused(ended, 'decode_head.conv_seg.bias', 'nan.pth', 'NaN or inf')
        attack('NaN')
    assert not list((tmp_path / 'work').rglob('*.pth'))
