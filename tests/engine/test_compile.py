# SPDX-License-Identifier: Apache-2.0
"""Compiled networks give the same losses, and their checkpoints the same keys."""

import copy
import shutil

import pytest
import torch
from mmengine.runner import Runner

from mmseg_im.engine.hooks.compile import compile_networks
from tests.conftest import rename, tiny_model
from tests.methods.test_methods import METHODS, make_batch, make_decisive, total, with_mask

CASES = {
    'fixmatch-im': with_mask(METHODS['fixmatch']),  # an EMA teacher with two views
    'unimatch': METHODS['unimatch'],  # the student in eval mode labels, features are perturbed
    'segkc-im': with_mask(METHODS['segkc']),  # a second network that trains
}


def steps(model, count=3) -> list[float]:
    """Losses of some training steps."""
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model.train()
    found = []
    for i in range(count):
        torch.manual_seed(i)
        loss = total(model.loss(*make_batch(seed=i)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize('name', CASES)
def test_same_losses(build_tiny, name):
    """The frames are traced and differentiated as by the default backend, without its C++."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    plain = build_tiny(CASES[name])
    make_decisive(plain)
    compiled = copy.deepcopy(plain)
    compile_networks(compiled, backend='aot_eager')
    assert list(compiled.state_dict()) == list(plain.state_dict())
    torch._dynamo.utils.counters.clear()
    assert steps(compiled) == pytest.approx(steps(plain), rel=1e-4)
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] >= 2
    assert not torch._dynamo.utils.counters['graph_break']


@pytest.mark.skipif(shutil.which('g++') is None, reason='torch.compile needs a C++ compiler')
def test_the_default_backend(build_tiny):
    torch._dynamo.reset()
    plain = build_tiny(CASES['unimatch'])
    compiled = copy.deepcopy(plain)
    compile_networks(compiled)
    torch._dynamo.utils.counters.clear()
    assert steps(compiled, 1) == pytest.approx(steps(plain, 1), rel=1e-4)
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] >= 2


def test_a_run_with_the_hook(demo_cfg):
    """With validation, whose images have another size."""
    torch._dynamo.reset()
    demo_cfg.model = tiny_model(demo_cfg.model.semi)
    losses, graphs = [], []
    for hooks in ([], [dict(type='CompileHook', backend='aot_eager')]):
        cfg = copy.deepcopy(demo_cfg)
        cfg.train_cfg.max_epochs = 1
        cfg.custom_hooks = [*cfg.custom_hooks, *hooks]
        rename(cfg, f'{cfg.experiment_name}_{len(losses)}')
        torch._dynamo.utils.counters.clear()
        runner = Runner.from_cfg(cfg)
        runner.train()
        graphs.append(torch._dynamo.utils.counters['stats']['unique_graphs'])
        losses.append(runner.message_hub.get_scalar('train/loss').data[0].tolist())
    assert graphs[0] == 0 < graphs[1]
    assert len(losses[0]) == 4
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
