# SPDX-License-Identifier: Apache-2.0
"""Counts which class is predicted on the pixels of which, without waiting for the device."""

import torch
from torch import Tensor

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX


def class_confusion(
    pred: Tensor, label: Tensor, num_classes: int, ignore_index: int = IGNORE_INDEX
) -> Tensor:
    """Counts the pixels of each pair of an annotated and a predicted class.

    Args:
        pred (Tensor): Class ids of any integer type.
        label (Tensor): As many class ids.
        num_classes (int): C.
        ignore_index (int): Annotated value that counts nowhere.

    Returns:
        Tensor: (C + 1, C + 1) int64: annotated class, predicted class. C is any other value; pixels
        that are ignored are in the last cell, of which no metric asks.
    """
    pred, label = pred.flatten().long(), label.flatten().long()
    ignored = label == ignore_index
    row, column = (
        torch.where(ignored | (ids > num_classes), num_classes, ids) for ids in (label, pred)
    )
    side = num_classes + 1
    # not torch.bincount, which waits for the device to learn the largest value
    counts = torch.zeros(side * side, dtype=torch.long, device=pred.device)
    counts.scatter_add_(0, row * side + column, torch.ones_like(row))
    return counts.view(side, side)


def channel_confusion(pred: Tensor, label: Tensor) -> Tensor:
    """Counts for each class that may overlap others where it is annotated and predicted.

    Args:
        pred (Tensor): (K, H, W) of 0 and 1.
        label (Tensor): (K, H, W) of 0, 1 and 255 (ignored).

    Returns:
        Tensor: (K, 2, 2) int64: class, annotated (no, yes), predicted (no, yes).

    Raises:
        UserError: If the shapes differ.
    """
    if pred.shape != label.shape:
        raise UserError(
            f'The metric got a prediction of the shape {tuple(pred.shape)} and a label of '
            f"{tuple(label.shape)}: set model.label_space='multilabel'."
        )
    known, found, present = label != IGNORE_INDEX, pred == 1, label == 1
    cells = [
        (known & (present if t else ~present) & (found if p else ~found)).sum(dim=(1, 2))
        for t in (0, 1)
        for p in (0, 1)
    ]
    return torch.stack(cells, dim=1).view(-1, 2, 2)


def areas(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns intersection, union, predicted and annotated pixels of each class.

    Args:
        matrix (Tensor): From :func:`class_confusion` or :func:`channel_confusion`.

    Returns:
        tuple[Tensor, ...]: Four (C,) float64 pixel counts.
    """
    if matrix.ndim == 3:
        both, found, present = matrix[:, 1, 1], matrix[:, :, 1].sum(1), matrix[:, 1].sum(1)
    else:
        both = matrix.diagonal()[:-1]
        found, present = matrix[:, :-1].sum(0), matrix[:-1].sum(1)
    return both.double(), (found + present - both).double(), found.double(), present.double()


def image_score(matrix: Tensor) -> Tensor:
    """Returns the mean IoU of the classes that one image shows or is predicted to show.

    Of two classes that do not overlap it is the IoU of the second, the foreground: with the mean,
    an image of which nothing was found would look half right.

    Args:
        matrix (Tensor): Of one image, see :func:`areas`.

    Returns:
        Tensor: A float64 number in [0, 1]; 1 where nothing is there and nothing found.
    """
    both, union, _, _ = areas(matrix)
    if matrix.ndim == 2 and len(both) == 2:
        both, union = both[1:], union[1:]
    there = (union > 0).double()
    mean = (both / union.clamp(min=1)).sum() / there.sum().clamp(min=1)
    return torch.where(there.sum() > 0, mean, 1.0)
