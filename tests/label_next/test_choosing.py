# SPDX-License-Identifier: Apache-2.0
"""Scores and choice against loops over plain numbers."""

import math

import numpy as np
import pytest

from mmseg_im.errors import UserError
from mmseg_im.label_next.choosing import balanced_scores, choose, choose_diverse, directions

pytestmark = pytest.mark.fast


def plain_scores(disputed: list[list[float]]) -> list[float]:
    """The formula of the docstring, in loops."""
    scores = []
    for row in disputed:
        score = 0.0
        for c, share in enumerate(row):
            largest = max(other[c] for other in disputed)
            score += share / (0.001 + largest)
        scores.append(score)
    return scores


def plain_cosine(a: list[float], b: list[float]) -> float:
    lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def plain_choice(scores: list[float], features: np.ndarray, number: int) -> list[int]:
    mean = features.mean(axis=0)
    centred = [list(row - mean) for row in features]
    chosen: list[int] = []
    while len(chosen) < min(number, len(scores)):
        gains = {}
        for i, score in enumerate(scores):
            if i not in chosen:
                alike = [max(plain_cosine(centred[i], centred[j]), 0) for j in chosen]
                gains[i] = score * (1 - max(alike, default=0))
        chosen.append(max(gains, key=gains.get))  # of random numbers no two are equal
    return chosen


@pytest.mark.parametrize('seed', range(5))
def test_scores_and_choice_of_random_images(seed):
    rng = np.random.default_rng(seed)
    disputed = rng.random((30, 5)) * (rng.random((30, 5)) > 0.5) * [1, 0.1, 0.001, 1, 0]
    features = rng.random((30, 7)).astype(np.float32) + 3
    scores = balanced_scores(disputed)
    assert scores == pytest.approx(plain_scores(disputed.tolist()))
    assert choose_diverse(scores, features, 8) == plain_choice(list(scores), features, 8)


def test_a_rare_class_counts_as_much_as_a_common_one():
    road, pole = [0.5, 0.0], [0.0, 0.05]
    scores = balanced_scores(np.array([road, pole, [0.25, 0.0]]))
    assert scores == pytest.approx([1.0, 1.0, 0.5], abs=0.02)


def test_stray_pixels_of_many_classes_do_not_rule():
    rng = np.random.default_rng(0)
    disputed = np.zeros((50, 11))
    disputed[:, :3] = rng.uniform(0.02, 0.08, (50, 3))
    disputed[7, 3:] = 1e-5  # eight classes that are nowhere else
    most = np.argsort(-disputed[:, :3].sum(axis=1))[:5]
    assert balanced_scores(disputed)[7] < 3 and 7 not in most
    assert np.argmax(balanced_scores(disputed)) in most


def test_nothing_is_masked():
    """All score 0: the first one, and then those least like it."""
    scores = balanced_scores(np.zeros((4, 3)))
    assert scores.tolist() == [0, 0, 0, 0]
    assert choose_diverse(scores, np.eye(4)[[0, 0, 2, 3]], 3) == [0, 2, 3]


def test_one_image_and_fewer_than_wanted():
    assert choose_diverse(np.array([2.0]), np.ones((1, 3)), 1) == [0]
    assert choose_diverse(np.array([1.0, 2.0]), np.eye(2), 5) == [1, 0]
    assert balanced_scores(np.zeros((0, 3))).shape == (0,)


def test_of_identical_images_one_is_chosen_before_others():
    """Images 0, 1 and 2 are the same; 3 differs and is disputed less."""
    features = np.array([[1.0, 5.0], [1.0, 5.0], [1.0, 5.0], [4.0, 1.0]])
    assert choose_diverse(np.array([3.0, 2.9, 2.8, 0.1]), features, 3) == [0, 3, 1]
    same = np.full((4, 3), 0.1, np.float32)  # of all the same images the order is by score
    assert not directions(same).any()
    assert choose_diverse(np.array([1.0, 4.0, 2.0, 4.0]), same, 3) == [1, 3, 2]


def test_rules_for_comparison():
    disputed, features = np.eye(5), np.eye(5)
    confidence = np.array([0.9, 0.2, 0.5, 0.2, 0.1])
    args = disputed, confidence, features
    assert choose('confidence', 3, *args) == [4, 1, 3]
    drawn = {tuple(choose('random', 3, *args, seed=seed)) for seed in range(20)}
    assert len(drawn) > 10 and all(len(set(one)) == 3 for one in drawn)
    assert choose('random', 3, *args, seed=4) == choose('random', 3, *args, seed=4)
    assert choose('inconsistency', 2, *args) == choose_diverse(np.ones(5), features, 2)
    with pytest.raises(UserError, match="'entropy' is unknown; it is one of inconsistency"):
        choose('entropy', 1, *args)
