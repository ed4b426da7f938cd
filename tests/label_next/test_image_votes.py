# SPDX-License-Identifier: Apache-2.0
"""Disputed shares, confidence and features against NumPy."""

import numpy as np
import pytest
import torch

from mmseg_im.label_next.image_votes import count_votes, mean_features
from mmseg_im.labels.spaces import Binary, MultiClass, MultiLabel

pytestmark = pytest.mark.fast


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)


def test_votes_of_one_class_a_pixel():
    logits = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype(np.float32)
    logits[1:, :, :3] = logits[0, :, :3]  # on half of the image all agree
    vote = count_votes(MultiClass(4), [torch.from_numpy(one)[None] for one in logits])
    hard = logits.argmax(axis=1)
    differs = (hard != hard[0]).any(axis=0)
    assert 0 < differs.mean() < 1 and not differs[:3].any()
    assert vote.masked == pytest.approx(differs.mean())
    wanted = [((hard == c).any(axis=0) & differs).mean() for c in range(4)]
    assert vote.disputed == pytest.approx(wanted)
    probs = np.mean([softmax(one) for one in logits], axis=0)
    assert vote.confidence == pytest.approx(probs.max(axis=0).mean(), abs=1e-6)


@pytest.mark.parametrize(('space', 'maps'), [(Binary(), 1), (MultiLabel(3), 3)])
def test_votes_of_yes_or_no(space, maps):
    logits = np.random.default_rng(1).normal(size=(2, maps, 5, 6)).astype(np.float32)
    vote = count_votes(space, [torch.from_numpy(one)[None] for one in logits])
    differs = (logits[0] > 0) != (logits[1] > 0)
    assert vote.masked == pytest.approx(differs.any(axis=0).mean())
    by_map = differs.mean(axis=(1, 2))
    assert vote.disputed == pytest.approx(by_map) and vote.disputed.shape == (maps,)
    probs = (1 / (1 + np.exp(-logits))).mean(axis=0)
    assert vote.confidence == pytest.approx(np.maximum(probs, 1 - probs).mean(), abs=1e-6)


def test_voters_that_agree_and_one_that_is_nan():
    logits = torch.randn(1, 3, 4, 4)
    vote = count_votes(MultiClass(3), [logits, 2 * logits])
    assert vote.masked == 0 and vote.disputed.tolist() == [0, 0, 0]
    assert count_votes(MultiClass(3), [logits, logits * float('nan')]) is None


def test_features_are_means_of_the_deepest_map(build_tiny):
    network = build_tiny().eval()
    image = torch.randn(1, 3, 32, 32)
    with torch.no_grad(), mean_features(network) as found:
        maps = network.backbone(image)
        network.backbone(image)
    deepest = min(maps, key=lambda one: one.shape[-1])
    assert len(found) == 2 and deepest.shape[-1] == 16
    assert torch.allclose(found[1], deepest.mean(dim=(2, 3))[0])
    network.backbone(image)
    assert len(found) == 2  # it listens no longer
