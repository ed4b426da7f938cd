# SPDX-License-Identifier: Apache-2.0
"""The optimiser holds the student and nothing of its teachers."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper

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
