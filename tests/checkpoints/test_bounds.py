# SPDX-License-Identifier: Apache-2.0
"""Small files that would take hours, all memory, or memory that is not theirs."""

import io
import pickle

import pytest
import torch

from mmseg_im.checkpoints.inert import UnreadableError, is_key, shown
from mmseg_im.checkpoints.resuming import check_optimizer
from mmseg_im.checkpoints.unpickling import read_pickle
from mmseg_im.checkpoints.validation import check_weights


@pytest.mark.parametrize('kind', [torch.optim.AdamW, torch.optim.SGD])
@pytest.mark.parametrize('wrong', [torch.zeros(1), torch.zeros(()), torch.zeros(9), 0.5])
def test_moments_have_the_shape_of_their_weight(kind, wrong):
    """A fused kernel does not look at sizes: it would write behind a moment of one value."""
    weight = torch.nn.Parameter(torch.zeros(8))
    weight.grad = torch.ones(8)
    options = dict(momentum=0.9) if kind is torch.optim.SGD else {}
    optimizer = kind([weight], lr=0.1, **options)
    optimizer.step()
    check_optimizer(optimizer)
    moment = next(k for k, v in optimizer.state[weight].items() if v.shape == weight.shape)
    optimizer.state[weight][moment] = wrong
    with pytest.raises(ValueError, match=f'{moment!r} of another shape'):
        check_optimizer(optimizer)


def test_the_kernel_of_an_optimiser_is_chosen_by_the_config():
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))], fused=False)
    optimizer.param_groups[0].update(fused=True, capturable=True)
    check_optimizer(optimizer)
    assert optimizer.param_groups[0]['fused'] is False
    assert optimizer.param_groups[0]['capturable'] is False


def test_keys_whose_hashes_could_collide_are_none():
    assert is_key('name') and is_key(3) and is_key(None) and is_key(('a', 1))
    for value in (2**61 - 1, -1, 1.5, ('a',) * 5, ((1,),), b'x'):
        assert not is_key(value)


def test_containers_are_not_shown():
    deep = 'x'
    for _ in range(60):
        deep = (deep, deep)
    assert shown(deep) == '...' and shown('a') == "'a'"


def test_a_list_of_pairs_is_not_copied_without_end():
    pairs = pickle.dumps([[f'{i}', i] for i in range(2000)], protocol=2)[:-1] + b'q\xff'
    call = b'ccollections\nOrderedDict\nh\xff\x85R'
    content = pairs + 600 * call + b'.'
    with pytest.raises(UnreadableError, match='copies the same items'):
        read_pickle(io.BytesIO(content))


@pytest.mark.parametrize('name', ['a\x1b[2J', 'line\nline', 'x' * 501])
def test_names_of_weights_are_plain_text(name):
    with pytest.raises(UnreadableError, match='a name that is no text'):
        check_weights({name: torch.zeros(1)}, 'state_dict')
