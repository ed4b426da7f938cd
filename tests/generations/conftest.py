# SPDX-License-Identifier: Apache-2.0
"""A generational run in miniature."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mmengine import Config
from mmengine.registry import RUNNERS
from mmengine.runner.checkpoint import CheckpointLoader

from tests.conftest import ROOT, retarget, shrink, tiny_model
from tests.generations.forked_python import VARIABLE, serve
from tests.tool_runs import CONTEXT


def make_generations_cfg(mini_shapes: dict, work_dir: Path, name: str = 'im') -> Config:
    """A config of the family on tiny shapes: two epochs of four steps for each student."""
    cfg = Config.fromfile(ROOT / f'configs/generational/{name}_unet-half_1xb8-5e_shapes-64x64.py')
    shrink(cfg)
    retarget(cfg, mini_shapes)
    cfg.model = dict(tiny_model(num_classes=4), label_space='multiclass')
    cfg.work_dir = str(work_dir)
    cfg.merge_from_dict(
        {
            'train_dataloader.dataset.num_samples': 8,
            'train_cfg.max_epochs': 2,
            'param_scheduler.0.end': 2,
            'generations.num_generations': 1,
            'env_cfg.dist_cfg.backend': 'gloo',
        }
    )
    return cfg


@pytest.fixture
def generations_cfg(mini_shapes, tmp_path) -> Config:
    """See :func:`make_generations_cfg`."""
    return make_generations_cfg(mini_shapes, tmp_path / 'work')


def run(cfg) -> dict:
    """Trains as ``tools/train.py`` does; the stages of the run."""
    return RUNNERS.build(cfg).train()


def weights(path: Path) -> dict:
    """The state dict of a checkpoint."""
    return CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')['state_dict']


@pytest.fixture(scope='session')
def forked_python() -> Iterator[str]:
    """A command for ``generations.executor.python``, see :mod:`.forked_python`."""
    folder = tempfile.mkdtemp()  # of a short name: sockets need one
    path = f'{folder}/socket'
    server = CONTEXT.Process(target=serve, args=(path,))
    server.start()
    while not os.path.exists(path):
        time.sleep(0.01)
    os.environ[VARIABLE] = path
    yield f'{sys.executable} -S {Path(__file__).with_name("forked_python.py")}'
    del os.environ[VARIABLE]
    server.kill()
    server.join()
    shutil.rmtree(folder)
