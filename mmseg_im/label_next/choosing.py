# SPDX-License-Identifier: Apache-2.0
"""Chooses images to label: the most disputed ones of all classes, and no two alike."""

import numpy as np

from ..errors import UserError

RULES = ('inconsistency', 'confidence', 'random')
ROUNDING = 1e-6  # of float32 features
STRAY = 0.001  # of an image: what a class is disputed on by chance


def balanced_scores(disputed: np.ndarray) -> np.ndarray:
    """Returns how much there is to learn from each image, every class counting the same.

    ``score_i = sum over c of d_ic / (STRAY + max over j of d_jc)``, where ``d_ic`` is the share of
    the pixels of image i that at least one voter gives class c and another does not. In each class
    the image in which it is disputed most counts nearly 1, be it as small as a pole or as large as
    a road; a class that is disputed nowhere, or on a few stray pixels, counts next to nothing.

    Args:
        disputed (np.ndarray): (N, C) shares in [0, 1].

    Returns:
        np.ndarray: (N,) float64 in [0, C].
    """
    scores: np.ndarray = (disputed / (STRAY + disputed.max(axis=0, initial=0.0))).sum(axis=1)
    return scores


def directions(features: np.ndarray) -> np.ndarray:
    """Returns features as unit vectors around their mean, so that a dot product is a similarity.

    What all images have in common makes the plain cosine of any two of them close to 1.

    Args:
        features (np.ndarray): (N, D).

    Returns:
        np.ndarray: (N, D) float64; zeros for an image that does not differ from the mean.
    """
    features = features.astype(np.float64)
    centred = features - features.mean(axis=0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    known = length > ROUNDING * np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=known)


def choose_diverse(scores: np.ndarray, features: np.ndarray, number: int) -> list[int]:
    """Returns the images with the largest scores that are not alike.

    One after another: always the image i with the largest ``score_i * (1 - max over the chosen j
    of s_ij)``, where the similarity ``s_ij`` is the cosine of :func:`directions`, 0 where it is
    negative. Of equal ones the image least like the chosen ones, then that with the larger score,
    then the first.

    Args:
        scores (np.ndarray): (N,) from 0.
        features (np.ndarray): (N, D).
        number (int): How many; all if there are fewer.

    Returns:
        list[int]: Indices, in the order of the choice.
    """
    units = directions(features)
    closest = np.zeros(len(scores))
    free = np.arange(len(scores))
    chosen: list[int] = []
    while len(free) and len(chosen) < number:
        gains = scores[free] * (1 - closest[free])
        best = int(free[np.lexsort((free, -scores[free], closest[free], -gains))[0]])
        chosen.append(best)
        closest = np.maximum(closest, np.clip(units @ units[best], 0, 1))
        free = free[free != best]
    return chosen


def choose(
    rule: str,
    number: int,
    disputed: np.ndarray,
    confidence: np.ndarray,
    features: np.ndarray,
    seed: int = 0,
) -> list[int]:
    """Returns which images to label next, the most urgent first.

    Args:
        rule (str): ``'inconsistency'``: :func:`choose_diverse` with :func:`balanced_scores`;
            ``'confidence'``: those with the lowest mean confidence; ``'random'``.
        number (int): How many images; all if there are fewer.
        disputed (np.ndarray): (N, C), see :func:`balanced_scores`.
        confidence (np.ndarray): (N,) in [0, 1].
        features (np.ndarray): (N, D).
        seed (int): Of the rule ``'random'``.

    Raises:
        UserError: If there is no such rule.
    """
    if rule == 'inconsistency':
        return choose_diverse(balanced_scores(disputed), features, number)
    if rule == 'confidence':
        order = np.argsort(confidence, kind='stable')
    elif rule == 'random':
        order = np.random.default_rng(seed).permutation(len(confidence))
    else:
        raise UserError(f'--rule {rule!r} is unknown; it is one of {", ".join(RULES)}.')
    return [int(i) for i in order[:number]]
