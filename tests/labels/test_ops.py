# SPDX-License-Identifier: Apache-2.0
"""Argmax and where for labels, against NumPy; what a CPU does and what other devices do."""

import numpy as np
import pytest
import torch

from mmseg_im.labels.ops import _argmax, argmax, where

pytestmark = pytest.mark.fast

ways = pytest.mark.parametrize('way', [argmax, _argmax])


@ways
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    'size', [(1, 2, 1, 1), (2, 1, 3, 4), (3, 5, 120, 131), (5, 255, 3, 4), (0, 3, 4, 4)]
)
def test_argmax_is_the_first_of_equal_values(way, dtype, size):
    values = torch.randint(-2, 2, size).to(dtype)
    values[values == -2] = -torch.inf
    expected = np.argmax(values.double().numpy(), axis=1)[:, None]
    found = way(values)
    assert found.dtype == torch.uint8
    np.testing.assert_array_equal(found.numpy(), expected)


@ways
def test_argmax_of_any_memory_order(way):
    values = torch.rand(2, 7, 6, 5)
    expected = values.argmax(dim=1, keepdim=True)
    for order in (values.contiguous(memory_format=torch.channels_last), values.mT.contiguous().mT):
        assert torch.equal(way(order), expected)
    assert torch.equal(way(values.requires_grad_()), expected)


@ways
def test_nan_is_the_last_class(way):
    values = torch.rand(2, 4, 3, 5)
    values[1] = torch.nan
    found = way(values)
    assert torch.equal(found[0], values[0].argmax(dim=0, keepdim=True)) and (found[1] == 3).all()


@pytest.mark.parametrize('maps', [1, 3])
def test_where_is_torch_where(maps):
    label, other = torch.randint(0, 256, (2, 2, maps, 5, 7)).to(torch.uint8)
    mask = torch.rand(2, 1, 5, 7) < 0.5
    for chosen in (label, label[:, :1], 0, 7, 255):
        found = where(mask, chosen, other)
        assert found.dtype == torch.uint8
        assert torch.equal(found, torch.where(mask, chosen, other))
