# SPDX-License-Identifier: Apache-2.0
"""Where panels and numbers of a run go."""

import sys

import pytest
from mmengine.runner import Runner


def test_tensorboard_that_is_not_installed(demo_cfg, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)
    demo_cfg.visualizer.vis_backends.append(dict(type='TensorboardVisBackend'))
    with pytest.raises(ValueError, match='TensorboardVisBackend needs .* pip install tensorboard'):
        Runner.from_cfg(demo_cfg)
