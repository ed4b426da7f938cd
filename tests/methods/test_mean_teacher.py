# SPDX-License-Identifier: Apache-2.0
"""Mean Teacher against NumPy in float64."""

import copy
import math

import numpy as np
import pytest
import torch

from mmseg_im.methods.mean_teacher import ramp_up
from tests.methods.test_methods import make_batch, with_mask
from tests.methods.test_unimatch import softmax

pytestmark = pytest.mark.fast

SEMI = dict(type='MeanTeacher', teachers=[dict(type='EMATeacher')])


@pytest.mark.parametrize('mask', [False, True])
def test_formula(build_tiny, mask):
    model = build_tiny(with_mask(SEMI) if mask else SEMI)
    model.train()
    views, of_view = make_batch()
    twin = copy.deepcopy(model)
    losses = model.loss(views, of_view)
    pseudo = model.semi.last_pseudo
    image = twin.semi.paint(views['strong'], pseudo)
    with torch.no_grad():
        student = softmax(twin.logits(torch.cat([views['sup'], image]))[2:])
    valid = np.ones((2, 32, 32), bool)
    valid[:, -3:] = False
    kept = valid & ~pseudo.inconsistent.numpy()[:, 0]
    assert (kept != valid).any() == mask
    error = ((student - pseudo.prob.double().numpy()) ** 2).sum(1)
    expected = error[kept].sum() / valid.sum() / 4
    assert losses['unsup.loss_consistency'].item() == pytest.approx(expected, rel=1e-3)


def test_ramp():
    assert ramp_up(0, 10) == pytest.approx(math.exp(-5))
    assert ramp_up(5, 10) == pytest.approx(math.exp(-5 / 4))
    assert ramp_up(10, 10) == ramp_up(99, 10) == ramp_up(0, 0) == 1


def test_the_ramp_is_resumed(build_tiny):
    model = build_tiny(dict(SEMI, ramp_up=10))
    model.train()
    for _ in range(4):
        model.loss(*make_batch())
    other = build_tiny(dict(SEMI, ramp_up=10))
    other.load_state_dict(model.state_dict())
    assert other.semi._weight() == pytest.approx(ramp_up(4, 10))


def test_a_negative_ramp(build_tiny):
    with pytest.raises(ValueError, match='ramp_up=-1 must be 0 or more'):
        build_tiny(dict(SEMI, ramp_up=-1))
