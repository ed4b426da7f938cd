# SPDX-License-Identifier: Apache-2.0
"""Weights that are numbers, and those that are not."""

import pytest
import torch
from torch import nn

from mmseg_im.checkpoints.not_finite import not_finite
from mmseg_im.errors import UserError
from mmseg_im.teachers.networks import load_network


class Network(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
        self.register_buffer('mask', torch.tensor([0.0, float('-inf')]))  # as of attention
        self.register_buffer('count', torch.tensor(3))


@pytest.mark.parametrize('value', ['nan', 'inf', '-inf'])
@pytest.mark.parametrize('name', ['0.weight', '1.bias', '1.running_var', 'mask'])
def test_the_first_that_is_not_finite(name, value):
    network = Network()
    assert not_finite(network) is None
    with torch.no_grad():
        network.state_dict()[name][-1] = float(value)
    expected = None if name == 'mask' and 'inf' in value else name
    assert not_finite(network) == expected


def test_integers_alone():
    assert not_finite(nn.ReLU()) is None


def test_a_teacher_of_nan_is_refused(build_tiny, tmp_path):
    network = build_tiny()
    weights = network.state_dict()
    weights['decode_head.conv_seg.bias'] = torch.full((4,), float('nan'))
    path = str(tmp_path / 'teacher.pth')
    torch.save(dict(state_dict=weights), path)
    match = r'teachers\[1\].checkpoint: .*teacher.pth holds .* not finite .*conv_seg.bias'
    with pytest.raises(UserError, match=match):
        load_network(build_tiny(), path, 'model.semi.teachers[1]')
