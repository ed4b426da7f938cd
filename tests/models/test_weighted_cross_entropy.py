# SPDX-License-Identifier: Apache-2.0
"""Cross entropy with class weights, against NumPy in float64."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from tests.conftest import samples

pytestmark = pytest.mark.fast


def build(weights, **kwargs):
    return MODELS.build(dict(type='WeightedCrossEntropyLoss', class_weight=weights, **kwargs))


def numpy_loss(logits, label, weights, pixel_weights=None):
    x = logits.double().numpy()
    log_p = x - x.max(1, keepdims=True)
    log_p = log_p - np.log(np.exp(log_p).sum(1, keepdims=True))
    above, below = 0.0, 0.0
    for n, i, j in np.ndindex(*label.shape):
        y = int(label[n, i, j])
        if y == 255:
            continue
        w = weights[y] * (1.0 if pixel_weights is None else float(pixel_weights[n, i, j]))
        above -= w * log_p[n, y, i, j]
        below += w
    return above / below if below else 0.0


@pytest.mark.parametrize('size', [(2, 5, 7), (1, 1, 1)], ids=str)
@pytest.mark.parametrize('sampler', [False, True])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_formula(size, sampler, dtype):
    weights = [0.2, 1.0, 3.5, 0.0]
    logits = (3 * torch.randn(size[0], 4, *size[1:])).to(dtype)
    label = torch.randint(4, size)
    label.view(-1)[0] = 2
    label[torch.rand(size) < 0.3] = 255
    label.view(-1)[-1] = 2
    pixel_weights = torch.rand(size) + 0.1 if sampler else None
    loss = build(weights, loss_weight=0.5)(logits, label, weight=pixel_weights)
    expected = 0.5 * numpy_loss(logits, label, weights, pixel_weights)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5)


@pytest.mark.parametrize('label', [255, 1], ids=['ignored', 'weight of zero'])
def test_nothing_left(label):
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    loss = build([1.0, 0.0, 1.0])(logits, torch.full((2, 4, 4), label))
    loss.backward()
    assert float(loss) == 0 and (logits.grad == 0).all()


def test_in_a_head_with_the_sampler_of_mmseg(build_tiny):
    loss = dict(type='WeightedCrossEntropyLoss', class_weight=[1.0, 2.0, 3.0, 4.0])
    sampler = dict(type='OHEMPixelSampler', thresh=0.7, min_kept=10)
    network = build_tiny(loss_decode=loss, sampler=sampler)
    label = torch.randint(4, (2, 1, 32, 32))
    label[:, :, :8] = 255
    found = network.loss(torch.randn(2, 3, 32, 32), samples(label))['decode.loss_ce']
    found.backward()
    assert float(found) > 0
    assert all(p.grad is not None for p in network.parameters())
    assert not any('class_weight' in key for key in network.state_dict())


@pytest.mark.parametrize('weights', [[], [1.0, -1.0], [0.0, 0.0]])
def test_impossible_weights(weights):
    with pytest.raises(ValueError, match='needs one number for each class'):
        build(weights)


def test_another_number_of_classes():
    with pytest.raises(ValueError, match='has 2 numbers, and the head 3 classes'):
        build([1.0, 2.0])(torch.randn(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))
