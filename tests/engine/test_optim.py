# SPDX-License-Identifier: Apache-2.0
"""The optimiser holds the student and nothing of its teachers."""

import copy

import pytest
import torch
from mmengine.optim import build_optim_wrapper

pytestmark = pytest.mark.fast

SEMI = dict(type='FixMatch', teachers=[dict(type='EMATeacher'), dict(type='EMATeacher')])


@pytest.mark.parametrize(
    'paramwise',
    [None, dict(custom_keys=dict(decode_head=dict(lr_mult=10.0)))],
    ids=['flat', 'lr_mult'],
)
def test_teachers_are_skipped_in_silence(build_tiny, capfd, paramwise):
    model = build_tiny(SEMI)
    cfg = dict(
        type='OptimWrapper',
        constructor='TrainableOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=0.1),
    )
    if paramwise:
        cfg['paramwise_cfg'] = paramwise
    wrapper = build_optim_wrapper(model, cfg)
    held = {id(p) for group in wrapper.optimizer.param_groups for p in group['params']}
    assert held == {id(p) for p in model.parameters() if p.requires_grad}
    assert not any(id(p) in held for p in model.semi.teachers.parameters())
    output = ''.join(capfd.readouterr())
    assert 'semi.' not in output and 'requires_grad' not in output
    if paramwise:
        rates = {id(p): g['lr'] for g in wrapper.optimizer.param_groups for p in g['params']}
        assert rates[id(model.decode_head.conv_seg.weight)] == pytest.approx(1.0)
        assert rates[id(next(model.backbone.parameters()))] == pytest.approx(0.1)


def test_frozen_parameters_beside_trained_ones(build_tiny):
    model = build_tiny()
    model.decode_head.conv_seg.weight.requires_grad_(False)
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor='TrainableOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.1),
        ),
    )
    held = [p for group in wrapper.optimizer.param_groups for p in group['params']]
    assert len(held) == len(list(model.parameters())) - 1
    assert isinstance(held[0], torch.nn.Parameter)


def test_bfloat16_step(build_tiny, batch):
    """Networks in bfloat16, losses and weights in float32, and the step is that of float32."""
    views, samples = batch()
    torch.manual_seed(0)
    exact = build_tiny(dict(SEMI, cutmix_prob=0.0))
    mixed = copy.deepcopy(exact)
    seen = []
    mixed.backbone.register_forward_hook(lambda module, args, maps: seen.append(maps[-1].dtype))
    weights = []
    for model, kind in ((exact, 'OptimWrapper'), (mixed, 'BFloat16OptimWrapper')):
        cfg = dict(
            type=kind,
            constructor='TrainableOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.1),
        )
        wrapper = build_optim_wrapper(model, cfg)
        with wrapper.optim_context(model):
            losses = model(views, samples, mode='loss')
        assert all(v.dtype == torch.float32 for k, v in losses.items() if 'loss' in k)
        wrapper.update_params(model.parse_losses(losses)[0])
        weights.append(torch.cat([p.detach().flatten() for p in model.backbone.parameters()]))
    assert set(seen) == {torch.bfloat16}
    assert weights[1].dtype == torch.float32
    torch.testing.assert_close(weights[1], weights[0], rtol=0.02, atol=2e-3)
    assert not torch.is_autocast_enabled('cpu')


@pytest.mark.parametrize('optimizer', [
    dict(type='SGD', lr=0.1, momentum=0.9, fused=True),
    dict(type='AdamW', lr=0.01, fused=True),
])  # fmt: skip
def test_a_state_of_another_memory_format_is_resumed(build_tiny, batch, optimizer):
    """Written with contiguous weights, read with those of channels_last: the steps go on."""
    views, samples = batch()
    cfg = dict(
        type='OptimWrapper',
        constructor='TrainableOptimWrapperConstructor',
        optimizer=optimizer,
    )

    def steps(model, wrapper, count=2):
        for i in range(count):
            torch.manual_seed(i)  # of dropout
            wrapper.update_params(model.parse_losses(model(views, samples, mode='loss'))[0])

    torch.manual_seed(0)
    first = build_tiny().to(memory_format=torch.contiguous_format)
    wrapper = build_optim_wrapper(first, cfg)
    steps(first, wrapper)
    second = build_tiny()
    second.load_state_dict(first.state_dict())
    resumed = build_optim_wrapper(second, cfg)
    resumed.load_state_dict(copy.deepcopy(wrapper.state_dict()))  # as from a file
    steps(first, wrapper)
    steps(second, resumed)
    kernel = second.backbone.encoder[0][0].convs[0].conv.weight
    assert kernel.is_contiguous(memory_format=torch.channels_last) and not kernel.is_contiguous()
    torch.testing.assert_close(second.state_dict(), first.state_dict(), rtol=1e-3, atol=1e-4)
