# SPDX-License-Identifier: Apache-2.0
"""Voters that arrive one after another: their mean, their votes, their classes."""

import numpy as np
import pytest
import torch

from mmseg_im.inconsistency.voting import Aggregate, Votes
from mmseg_im.labels.spaces import MultiClass

pytestmark = pytest.mark.fast

NUM_LABELS = 4


def test_voters_are_aggregated_one_after_another():
    """Mean and votes of logits against NumPy; a voter that returned NaN is told by image."""
    space, rng = MultiClass(NUM_LABELS), torch.Generator().manual_seed(0)
    logits = [torch.randn(2, NUM_LABELS, 3, 4, generator=rng) for _ in range(3)]
    voters = Aggregate(space, Votes(0.6, NUM_LABELS, True))
    for one in logits:
        hard = voters.add(one)
        assert np.array_equal(hard[:, 0].numpy(), one.numpy().argmax(1))
    exact = np.stack([one.double().numpy() for one in logits])
    p = (np.exp(exact) / np.exp(exact).sum(2, keepdims=True)).mean(0)
    np.testing.assert_allclose(voters.mean().numpy(), p, atol=1e-6)
    assert voters.num_voters == 3 and voters.finite.tolist() == [True, True]
    logits[0][1, 0, 0, 0] = torch.nan
    voters.add(logits[0])
    assert voters.finite.tolist() == [True, False] and voters.mean().isfinite().all()


def test_classes_that_overlap_are_the_same_wherever_they_are_everywhere():
    """A class that fills the image for one voter and a part of it for another is found by both."""
    everywhere = torch.ones(1, 2, 2, 2, dtype=torch.uint8)
    part = everywhere.clone()
    part[0, 1, 0] = 0
    votes = Votes(1.0, 2, compare_classes=True)
    votes.add(everywhere)
    votes.add(part)
    assert votes.same_classes.tolist() == [True]
    part[0, 1] = 0
    votes.add(part)
    assert votes.same_classes.tolist() == [False]
