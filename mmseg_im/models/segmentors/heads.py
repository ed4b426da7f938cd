# SPDX-License-Identifier: Apache-2.0
"""What a segmentor asks of its heads and their losses, in each label space."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads import PointHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.models.utils import resize
from torch import Tensor, nn

from ...errors import UserError
from ...labels.spaces import IGNORE_INDEX, LabelSpace


def as_list(modules: nn.Module) -> list[Any]:
    """mmseg stores one head or loss as it is, and several in a ModuleList."""
    return list(modules) if isinstance(modules, nn.ModuleList) else [modules]


def heads_of(segmentor: EncoderDecoder) -> list[BaseDecodeHead]:
    """All decode and auxiliary heads of a segmentor."""
    auxiliary = as_list(segmentor.auxiliary_head) if segmentor.with_auxiliary_head else []
    return [*as_list(segmentor.decode_head), *auxiliary]


def sigmoid_loss(
    space: LabelSpace, head: BaseDecodeHead, raw: Tensor, samples: Sequence
) -> dict[str, Tensor]:
    """The losses of a head for binary and multi-label targets.

    mmseg's cross entropy crashes on a batch in which everything is ignored, and its accuracy
    on more than one label map; so cross entropy comes from the label space. ``class_weight``
    means what it means in mmseg: the weight of pixels on which a class is present.

    Args:
        space (LabelSpace): Of the segmentor.
        head (BaseDecodeHead): Its ``loss_decode``, checked by :func:`check_losses`, names the loss.
        raw (Tensor): (N, C, h, w) logits.
        samples (Sequence[SegDataSample]): With annotations (M, H, W).
    """
    target = torch.stack([sample.gt_sem_seg.data for sample in samples])
    logits = resize(raw, size=target.shape[2:], mode='bilinear', align_corners=head.align_corners)
    known = (target != IGNORE_INDEX).sum().clamp(min=1)
    losses = {}
    for m in as_list(head.loss_decode):
        loss = space.pixel_loss(logits, target)
        if m.class_weight is not None:
            weight = loss.new_tensor(m.class_weight).view(-1, 1, 1)
            loss = loss * torch.where(target == 1, weight, 1.0)
        losses[m.loss_name] = loss.sum() / known * m.loss_weight
    return losses


def check_losses(segmentor: EncoderDecoder) -> None:
    """Refuses losses that would fail on ignored pixels or silently do something else.

    Raises:
        UserError: Which head, and what to use.
    """
    space = segmentor.label_space
    if not space.head_knows_loss and segmentor.out_channels == 1:
        threshold = segmentor.decode_head.threshold
        if threshold != space.threshold:
            raise UserError(
                f'model.decode_head.threshold is {threshold}; set it to {space.threshold}, the '
                'threshold of the label space, so that a stock config predicts the same.'
            )
    for head in heads_of(segmentor):
        for loss in as_list(head.loss_decode):
            if space.head_knows_loss:
                _check_class_weight(head, loss)
            else:
                _check_sigmoid(head, loss, segmentor.out_channels)


def _check_class_weight(head: BaseDecodeHead, loss: nn.Module) -> None:
    if isinstance(loss, CrossEntropyLoss) and loss.class_weight is not None:
        raise UserError(
            f'{type(head).__name__}.loss_decode: CrossEntropyLoss with class_weight fails on '
            "ignored pixels. Use dict(type='WeightedCrossEntropyLoss', class_weight=...), which "
            'knows them.'
        )


def _check_sigmoid(head: BaseDecodeHead, loss: nn.Module, channels: int) -> None:
    several = len(as_list(head.loss_decode)) > 1
    if not isinstance(loss, CrossEntropyLoss) or several or head.sampler is not None:
        raise UserError(
            f'{type(head).__name__}.loss_decode={type(loss).__name__}: binary and multi-label '
            'heads train with one CrossEntropyLoss and without sampler.'
        )
    if loss.class_weight is not None and len(loss.class_weight) != channels:
        raise UserError(
            f'{type(head).__name__}.loss_decode.class_weight={loss.class_weight}: a head with '
            f'{channels} channels takes as many numbers, the weight of a pixel on which the class '
            'is present (where it is absent the weight is 1).'
        )


def check_head(decode_head: BaseDecodeHead) -> None:
    """Raises a UserError for heads that do not return logits for pixels."""
    for head in as_list(decode_head):
        if isinstance(head, PointHead) or not isinstance(head, BaseDecodeHead):
            raise UserError(
                f'model.decode_head={type(head).__name__} predicts points or masks, and '
                'semi-supervised training needs logits for every pixel: choose another head '
                '(for PointRend: its FPNHead alone, in an EncoderDecoder).'
            )
