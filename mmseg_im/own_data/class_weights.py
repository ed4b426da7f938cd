# SPDX-License-Identifier: Apache-2.0
"""Weights of classes from how often they occur in the labeled images."""

import numpy as np

POWER = 0.5
LARGEST = 10.0
UNBALANCED = 2.0


def median_frequency_weights(pixels: np.ndarray, power: float = 1.0) -> np.ndarray:
    """Returns the weights of the classes, (C,); 0 for a class that does not occur.

    A class's frequency is its share of the pixels of those images in which it occurs; its weight
    is (median frequency / frequency) to a power. Source: Eigen and Fergus, ICCV 2015, arXiv
    1411.4734.

    Args:
        pixels (np.ndarray): (images, C) pixels of each class in each image.
        power (float): 1 balances the classes that occur in equally many images.
    """
    known = pixels.sum(axis=1, keepdims=True)
    there = pixels > 0
    total = (known * there).sum(axis=0)
    frequency = pixels.sum(axis=0) / np.maximum(total, 1)
    median = np.median(frequency[frequency > 0])
    weights = np.zeros(len(frequency))
    weights[frequency > 0] = (median / frequency[frequency > 0]) ** power
    return weights


def presence_weights(present: np.ndarray, known: np.ndarray, power: float = 1.0) -> np.ndarray:
    """Returns the weights of each class's presence, (C,); 1 for one that is nowhere or everywhere.

    Args:
        present (np.ndarray): (C,) pixels on which each class is.
        known (np.ndarray): (C,) pixels that are not ignored.
        power (float): 1 gives presence and absence the same sum of weights.
    """
    absent = known - present
    usable = (present > 0) & (absent > 0)
    return np.where(usable, (absent / np.maximum(present, 1)) ** power, 1.0)


def default_weights(pixels: np.ndarray, known: np.ndarray, label_space: str) -> list[float] | None:
    """Returns the weights that a written config begins with; None for classes in balance.

    They have the power ``POWER``, and none is more than ``LARGEST`` times another: a few pixels of
    rare classes must not make mistakes on all others worth nothing. In balance are classes whose
    weights differ by at most ``UNBALANCED`` times; binary and multi-label: weights of at most that.

    Args:
        pixels (np.ndarray): (images, C) pixels of each class in each labeled image.
        known (np.ndarray): (images,) pixels that are not ignored.
        label_space (str): ``multiclass``, ``binary`` (the foreground gets the one weight) or
            ``multilabel``.
    """
    if label_space == 'multiclass':
        weights = median_frequency_weights(pixels, POWER)
        weights[weights == 0] = 1  # not there to be learned from, but an image may be added
        least = weights.min()
    else:
        present = pixels.sum(axis=0)[1 if label_space == 'binary' else 0 :]
        weights, least = presence_weights(present, known.sum(), POWER), 1.0
    weights = weights.clip(max=LARGEST)
    weights = weights.clip(min=max(weights.max(), 1) / LARGEST)
    if weights.max() <= UNBALANCED * least:
        return None
    return [round(float(weight), 2) for weight in weights]


def loss_text(label_space: str, class_weight: str) -> str:
    """Returns the ``loss_decode`` of a head that takes class weights.

    A list of one loss: unlike a dict, a list replaces what stands in a base, and a config without a
    base takes it as well.

    Args:
        label_space (str): See :func:`default_weights`.
        class_weight (str): The numbers in brackets, or the name of a variable that holds them.
    """
    if label_space == 'multiclass':
        kind = "type='WeightedCrossEntropyLoss'"
    else:
        kind = "type='CrossEntropyLoss', use_sigmoid=True"
    return f'loss_decode=[dict({kind}, class_weight={class_weight})]'
