# SPDX-License-Identifier: Apache-2.0
"""Hard example mining against NumPy in float64, from methods.md 1.2."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

pytestmark = pytest.mark.fast


def build(**kwargs):
    return MODELS.build(dict(type='ProbOHEMCrossEntropyLoss', **kwargs))


def numpy_ohem(logits, label, thresh, min_kept, weight=None):
    """Sorts the probabilities of the labels; ignored pixels have 1."""
    x = logits.double().numpy()
    p = np.exp(x - x.max(1, keepdims=True))
    p = p / p.sum(1, keepdims=True)
    y = label.numpy()
    known = y != 255
    true = np.take_along_axis(p, np.where(known, y, 0)[:, None], 1)[:, 0]
    true = np.where(known, true, 1.0).ravel()
    q = np.sort(true)[min(min_kept, true.size) - 1]
    kept = known.ravel() & (true <= max(thresh, q))
    weight = np.ones(true.size) if weight is None else weight.double().numpy().ravel()
    return float(np.average(-np.log(true[kept]), weights=weight[kept])) if kept.any() else 0.0


@pytest.mark.parametrize('size', [(2, 9, 7), (1, 1, 1), (1, 3, 5)], ids=str)
@pytest.mark.parametrize('min_kept', [1, 10, 40, 1000])
@pytest.mark.parametrize('thresh', [0.0, 0.3, 0.7, 1.0])
def test_formula(size, min_kept, thresh):
    torch.manual_seed(min_kept)
    logits = 2 * torch.randn(size[0], 5, *size[1:])
    label = torch.randint(5, size)
    label[torch.rand(size) < 0.3] = 255
    found = build(thresh=thresh, min_kept=min_kept)(logits, label)
    expected = numpy_ohem(logits, label, thresh, min_kept)
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_fewer_known_pixels_than_to_keep():
    """All known pixels are kept, however sure: no mining."""
    logits = torch.tensor([20.0, 0.0]).view(1, 2, 1, 1).repeat(1, 1, 4, 4)
    label = torch.full((1, 4, 4), 255)
    label[0, 0, :2] = 0
    logits[0, 1, 0, 0] = 19.0
    found = build(min_kept=10)(logits, label)
    assert float(found) == pytest.approx(numpy_ohem(logits, label, 0.7, 10), rel=1e-5)


def test_kept_share_follows_the_pixels():
    torch.manual_seed(0)
    logits, label = torch.randn(1, 3, 8, 8), torch.randint(3, (1, 8, 8))
    found = build(thresh=0.0, min_kept=100, pixels=400)(logits, label)
    assert float(found) == pytest.approx(numpy_ohem(logits, label, 0.0, 16), rel=1e-5)


def test_weights():
    """The factor of the loss, and the weights of a pixel sampler among the kept pixels."""
    logits, label = 2 * torch.randn(2, 5, 6, 7), torch.randint(5, (2, 6, 7))
    label[0, :2] = 255
    weight = torch.rand(2, 6, 7)
    options = dict(thresh=0.2, min_kept=20)
    found = build(loss_weight=0.4, **options)(logits, label, weight)
    assert float(found) == pytest.approx(0.4 * numpy_ohem(logits, label, 0.2, 20, weight), rel=1e-5)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_single(dtype):
    logits = (2 * torch.randn(2, 5, 6, 7)).to(dtype)
    label = torch.randint(5, (2, 6, 7))
    found = build(thresh=0.3, min_kept=30)(logits, label)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(numpy_ohem(logits.double(), label, 0.3, 30), rel=1e-5)


def test_nothing_labeled():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = build()(logits, torch.full((1, 4, 4), 255))
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


@pytest.mark.parametrize('options', [dict(thresh=1.5), dict(min_kept=0), dict(pixels=5)])
def test_impossible_options(options):
    with pytest.raises(ValueError, match='ProbOHEMCrossEntropyLoss: thresh='):
        build(**options)
