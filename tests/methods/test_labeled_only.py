# SPDX-License-Identifier: Apache-2.0
"""The first iterations, in which labeled images alone are learned."""

import pytest
import torch
from mmengine.logging import MessageHub

from tests.methods.test_methods import each_method, make_batch


@pytest.fixture
def iteration():
    """Sets the number of the iteration as a Runner does."""
    hub = MessageHub.get_current_instance()
    yield lambda number: hub.update_info('iter', number)
    hub.update_info('iter', 0)


@each_method
def test_unlabeled_images_begin_later(build_tiny, iteration, semi):
    model = build_tiny(semi)
    model.sup_only_iters = 3
    model.train()
    batch = make_batch()
    iteration(2)
    torch.manual_seed(0)
    losses = model.loss(*batch)
    assert not any(key.startswith('unsup.') for key in losses)
    assert model.semi.last_pseudo is None
    torch.manual_seed(0)
    alone = model.supervised(batch[0]['sup'], batch[1]['sup'])
    for key, value in alone.items():
        if 'loss' in key:
            assert torch.allclose(losses[key], value * model.semi.sup_weight)
    for name in model.semi.network_names:
        assert any(key.startswith(f'{name}.') for key in losses)
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not without  # or DDP would wait for them
    iteration(3)
    assert any(key.startswith('unsup.') for key in model.loss(*batch))


def test_the_teacher_follows_from_the_first_iteration(build_tiny, iteration):
    model = build_tiny(dict(type='FixMatch', teachers=[dict(type='EMATeacher', momentum=0.5)]))
    model.sup_only_iters = 5
    iteration(0)
    model.loss(*make_batch())
    with torch.no_grad():
        for parameter in model.decode_head.parameters():
            parameter.add_(1.0)
    model.loss(*make_batch())
    mean = dict(model.semi.teachers[0].module.decode_head.named_parameters())
    for name, parameter in model.decode_head.named_parameters():
        assert not torch.equal(mean[name], parameter - 1.0)
