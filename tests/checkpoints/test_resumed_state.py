# SPDX-License-Identifier: Apache-2.0
"""A forged state of an optimiser or schedule is found before the next step."""

from collections import Counter

import pytest
import torch
from mmengine.optim import MultiStepLR
from mmengine.runner import Runner

from mmseg_im.checkpoints.resumed_state import (
    _check_schedulers,
    _forget_files_elsewhere,
    check_optimizer,
    is_alike,
)


def stepped(kind: type, **options) -> torch.optim.Optimizer:
    """An optimiser of two weights after a step."""
    weights = [torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(4))]
    optimizer = kind(weights, lr=0.1, **options)
    sum(weight.sum() for weight in weights).backward()
    optimizer.step()
    return optimizer


KINDS = [
    (torch.optim.AdamW, {}), (torch.optim.Adam, dict(amsgrad=True)), (torch.optim.SGD, {}),
    (torch.optim.SGD, dict(momentum=0.9)), (torch.optim.RMSprop, dict(centered=True)),
]  # fmt: skip


@pytest.mark.parametrize(('kind', 'options'), KINDS)
def test_honest_states_pass(kind, options):
    source, target = stepped(kind, **options), stepped(kind, **options)
    target.load_state_dict(source.state_dict())
    check_optimizer(target)


@pytest.mark.parametrize(('kind', 'options'), [k for k in KINDS if k != (torch.optim.SGD, {})])
def test_forged_states_are_found(kind, options):
    for forge in ('shape', 'lack', 'text', 'setting', 'weight'):
        optimizer = stepped(kind, **options)
        state = next(iter(optimizer.state.values()))
        name = next(key for key in state if key != 'step')
        if forge == 'setting':
            optimizer.param_groups[0]['weight_decay'] = 'much'
        elif forge == 'lack':
            state.pop(name)
            state['step'] = torch.ones(1)
        elif forge == 'weight':
            optimizer.state['weight'] = dict(state)
        else:
            state[name] = torch.ones(7) if forge == 'shape' else 'x'
        with pytest.raises(ValueError, match='optimizer'):
            check_optimizer(optimizer)


@pytest.mark.parametrize(
    'forged',
    [dict(step=5), dict(last_step='x'), dict(base_values='ab'), dict(milestones=[1]),
     dict(_get_value=1), dict(base_values=[0.1, 0.2]), dict(by_epoch=3)],
)  # fmt: skip
def test_schedules_get_no_foreign_attributes(forged):
    own, other = (MultiStepLR(stepped(torch.optim.SGD), milestones=[3]) for _ in range(2))
    other.step()
    state = other.state_dict()
    _check_schedulers([own], [state])
    _check_schedulers(dict(a=[own]), dict(a=[state]))
    with pytest.raises(ValueError, match='param_schedulers has an unexpected value'):
        _check_schedulers([own], [dict(state, **forged)])


def test_powers_of_whole_numbers_are_not_computed():
    """``3 ** 10 ** 12`` would fill the memory; as floats they overflow at once."""
    own = MultiStepLR(stepped(torch.optim.SGD), milestones=[3], gamma=0.1)
    state = own.state_dict()
    changed = dict(state, gamma=3)
    _check_schedulers([own], [changed])
    assert type(changed['gamma']) is float
    for forged in (dict(milestones=Counter({1: 10**12})), dict(last_step=10**12)):
        with pytest.raises(ValueError):
            _check_schedulers([own], [dict(state, **forged)])
    optimizer = stepped(torch.optim.Adam)
    optimizer.param_groups[0]['betas'] = (3, 3)
    values = next(iter(optimizer.state.values()))
    values['step'] = torch.tensor(10**13)
    check_optimizer(optimizer)
    assert optimizer.param_groups[0]['betas'] == (3.0, 3.0)
    assert all(type(beta) is float for beta in optimizer.param_groups[0]['betas'])
    assert values['step'].is_floating_point()


def test_kinds_of_values():
    assert is_alike(1, 2.5) and is_alike(None, True) and is_alike(False, None)
    assert is_alike((0.9, 0.99), [0.8, 0.9]) and is_alike([], [1])
    assert is_alike(0.1, torch.tensor(0.1)) and is_alike('a', 'b')
    for own, value in ((1, '1'), (1, True), (True, 1), ((1, 2), (1,)), (1.0, None), ({}, []),
                       (0.1, torch.tensor(1j)), (0.1, torch.tensor(True))):  # fmt: skip
        assert not is_alike(own, value)


def test_a_best_checkpoint_beside_the_file_is_kept(tmp_path):
    file = str(tmp_path / 'epoch_1.pth')
    best = str(tmp_path / 'best_mIoU_epoch_1.pth')
    elsewhere = str(tmp_path.parent / 'best_mIoU_epoch_1.pth')
    info = dict(best_ckpt=best, best_ckpt_a=elsewhere, best_ckpt_b=str(tmp_path), best_ckpt_c=3)
    info.update(keep_ckpt_ids=[1, 2])
    other = dict(info)
    _forget_files_elsewhere(info, file, str(tmp_path))
    nothing = dict(best_ckpt_a=None, best_ckpt_b=None, best_ckpt_c=None)
    assert info == dict(best_ckpt=best, keep_ckpt_ids=[1, 2], **nothing)
    # a file from elsewhere says nothing of the checkpoints of this run
    _forget_files_elsewhere(other, file, str(tmp_path.parent))
    assert other == dict(best_ckpt=None, keep_ckpt_ids=[], **nothing)
    many = dict(keep_ckpt_ids=list(range(2000)))
    _forget_files_elsewhere(many, file, str(tmp_path))
    assert many == dict(keep_ckpt_ids=[])


def test_every_runner_checks():
    assert Runner.resume.__wrapped__.__qualname__ == 'Runner.resume'
