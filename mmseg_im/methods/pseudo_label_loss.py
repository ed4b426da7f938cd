# SPDX-License-Identifier: Apache-2.0
"""Pseudo-labels of a batch, and the loss that compares the student with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample
from torch import Tensor

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX, LabelSpace


@dataclass(frozen=True)
class Target:
    """What a loss compares the student with; M label maps (see :mod:`.labels.spaces`).

    Attributes:
        label (Tensor): (N, M, H, W) uint8; 255 where the label is blocked.
        weight (Tensor): (N, M, H, W) float32 in [0, 1], weight of each pixel's loss.
        valid (Tensor): (N, 1, H, W) bool, False on padding.
    """

    label: Tensor
    weight: Tensor
    valid: Tensor

    def map(self, function: Callable[[Tensor], Tensor]) -> 'Target':
        """Applies a function of the batch, such as a permutation, to label, weight and valid."""
        return Target(*(function(getattr(self, field.name)) for field in fields(Target)))

    def mixed(self, other: 'Target', inside: Tensor) -> 'Target':
        """Takes ``other`` where ``inside`` (N, 1, H, W) is True, as CutMix does with images."""
        return Target(
            *(
                torch.where(inside, getattr(other, field.name), getattr(self, field.name))
                for field in fields(Target)
            )
        )

    def carries_loss(self) -> Tensor:
        """(N, M, H, W) bool: pixels that have a label, a weight and are no padding."""
        return (self.label != IGNORE_INDEX) & (self.weight > 0) & self.valid


@dataclass(frozen=True)
class PseudoLabel(Target):
    """What the voters predict for a batch; C channels, M label maps.

    Three different things are kept apart: a confidence rule changes ``weight``, the inconsistency
    mask changes ``label`` and ``weight``, padding changes ``valid``.

    Attributes:
        prob (Tensor): (N, C, H, W) float32, mean over the voters.
        confidence (Tensor): (N, M, H, W) float32 in [0, 1], ``prob`` of ``label``; 0 where blocked.
        inconsistent (Tensor): (N, 1 or M, H, W) bool, the mask; all False without one.
        finite (Tensor): (N, 1, 1, 1) bool, False if a voter returned NaN or inf for the image.
    """

    prob: Tensor
    confidence: Tensor
    inconsistent: Tensor
    finite: Tensor


def valid_pixels(samples: Sequence[SegDataSample]) -> Tensor:
    """(N, 1, H, W) bool: False where an unlabeled image was padded (255 in its empty label map).

    Raises:
        UserError: If the samples have no label maps.
    """
    if not all('gt_sem_seg' in sample for sample in samples):
        raise UserError(
            'train_dataloader.dataset.unlabeled.pipeline needs LoadEmptyAnnotations after '
            'LoadImageFromFile, so that padding is known.'
        )
    label = torch.stack([sample.gt_sem_seg.data for sample in samples])
    return (label != IGNORE_INDEX).any(dim=1, keepdim=True)


def labeled_pixels(samples: Sequence[SegDataSample]) -> Tensor:
    """(N, 1, H, W) bool: False on the padding of labeled images; annotated void (255) is True.

    Padding is what ``PadToSize`` noted (packed by ``PackSemiInputs``) and what the data
    preprocessor added; where neither is known, nothing is padding.

    Args:
        samples (Sequence[SegDataSample]): Of labeled images; label maps (M, H, W).
    """
    return torch.stack([_labeled_pixels(sample) for sample in samples])


def _labeled_pixels(sample: SegDataSample) -> Tensor:
    label = sample.gt_sem_seg.data
    left, right, top, bottom = sample.get('padding_size', (0, 0, 0, 0))
    height, width = label.shape[1] - top - bottom, label.shape[2] - left - right
    if 'padding' in sample:
        known = sample.padding.data.to(label.device) == 0
    else:
        known = torch.ones(1, height, width, dtype=torch.bool, device=label.device)
    return F.pad(known, (left, right, top, bottom), value=False)


def annotated(samples: Sequence[SegDataSample]) -> Target:
    """The annotations of labeled images as a target of weight 1.

    Void (255) is not ``valid`` here: it has no label, so that it counts in no loss and no mean.
    """
    label = torch.stack([sample.gt_sem_seg.data for sample in samples]).to(torch.uint8)
    weight = torch.ones_like(label, dtype=torch.float32)
    return Target(label, weight, (label != IGNORE_INDEX).any(dim=1, keepdim=True))


def pseudo_label_loss(space: LabelSpace, logits: Tensor, target: Target) -> Tensor:
    """Mean weighted cross entropy over the valid pixels.

    ``sum_i valid_i w_i CE(logits_i, label_i) / sum_i valid_i``, the normaliser of UniMatch and
    FixMatch (CVPR 2023): pixels that a mask or a threshold takes out stay in the denominator, so
    the loss gains weight as the teachers become confident. Zero, with a graph, if nothing is left.

    Args:
        space (LabelSpace): The task.
        logits (Tensor): (N, C, H, W) of the student.
        target (Target): Label, weight and valid pixels.

    Returns:
        Tensor: Scalar float32.

    Raises:
        ValueError: If weight and label differ in shape, which would be broadcast silently.
    """
    if target.weight.shape != target.label.shape:
        raise ValueError(
            f'The weight {tuple(target.weight.shape)} of a target must have the shape of its label '
            f'{tuple(target.label.shape)}: keep the second dimension.'
        )
    label = torch.where(target.valid & (target.weight > 0), target.label, IGNORE_INDEX)
    loss = space.pixel_loss(logits, label) * target.weight
    return loss.sum() / target.valid.expand_as(loss).sum().clamp(min=1)
