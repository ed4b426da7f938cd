# SPDX-License-Identifier: Apache-2.0
"""What a segmentor asks of its heads and their losses, in each label space."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads import PointHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss, DiceLoss
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
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
    """Refuses heads and losses that would fail in the first step or silently do something else.

    Raises:
        UserError: Which head, and what to use.
    """
    space = segmentor.label_space
    check_ignored(segmentor)
    if not space.head_knows_loss and segmentor.out_channels == 1:
        threshold = segmentor.decode_head.threshold
        if threshold != space.threshold:
            raise UserError(
                f'model.decode_head.threshold is {threshold}; set it to {space.threshold}, the '
                'threshold of the label space, so that a stock config predicts the same.'
            )
    for head in heads_of(segmentor):
        if head.num_classes != segmentor.num_classes:
            raise UserError(
                f'{type(head).__name__} of model.auxiliary_head has num_classes={head.num_classes} '
                f'and model.decode_head {segmentor.num_classes}: both learn the same labels, set '
                'them to one number.'
            )
        for loss in as_list(head.loss_decode):
            if space.head_knows_loss:
                _check_class_weight(head, loss)
            else:
                _check_sigmoid(head, loss, segmentor.out_channels)
        if space.head_knows_loss:
            _try_loss(head)


def check_ignored(segmentor: EncoderDecoder) -> None:
    """Raises a UserError where a config names another label than 255 for pixels that do not count.

    Pseudo-labels, masks and padding are written with 255.
    """
    named = {
        f'{type(head).__name__}.ignore_index of model': getattr(head, 'ignore_index', IGNORE_INDEX)
        for head in heads_of(segmentor)
    }
    preprocessor = segmentor.data_preprocessor
    padding = getattr(preprocessor, 'seg_pad_val', IGNORE_INDEX)
    named['model.data_preprocessor.seg_pad_val'] = padding
    for key, value in named.items():
        if value != IGNORE_INDEX:
            raise UserError(
                f'{key} is {value}. Pseudo-labels, masks and padding are {IGNORE_INDEX}, so set it '
                f'to {IGNORE_INDEX}; where your annotations have another value for pixels that do '
                'not count, let the label_map of the data set turn it into 255.'
            )


def check_softmax(segmentor: EncoderDecoder) -> None:
    """Raises a UserError where the head learns sigmoids and teachers would read a softmax.

    A threshold of 0.95 would then pass pixels for which the network itself says 0.3. A head that
    learns both learns neither.
    """
    if not segmentor.label_space.head_knows_loss:
        return
    for head in as_list(segmentor.decode_head):
        losses = as_list(head.loss_decode)
        sigmoids = [loss for loss in losses if getattr(loss, 'use_sigmoid', False)]
        # mmseg's own recipes have a sigmoid Dice beside a softmax, which then says what is learned
        single = [loss for loss in sigmoids if not isinstance(loss, DiceLoss)]
        if single or len(sigmoids) == len(losses):
            name = type((single or sigmoids)[0]).__name__
            beside = ' (beside others that learn a softmax)' if len(sigmoids) < len(losses) else ''
            raise UserError(
                f'model.decode_head.loss_decode={name} learns a sigmoid for each class{beside}, '
                "and model.label_space='multiclass' reads the logits as a softmax. Set "
                "model.label_space='multilabel' where classes may overlap, otherwise "
                "loss_decode=dict(type='CrossEntropyLoss')."
            )


def _try_loss(head: BaseDecodeHead) -> None:
    """Raises a UserError where the loss of a config takes other arguments than its head gives.

    Other errors may be of the CPU alone, as mmseg's FocalLoss has them, and are left to training.
    """
    if type(head).loss_by_feat is not BaseDecodeHead.loss_by_feat or head.sampler is not None:
        return
    label = torch.full((1, 4, 4), IGNORE_INDEX)
    label[0, 0, 0] = 0
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    try:
        with torch.no_grad():
            head.loss_by_feat(torch.zeros(1, head.out_channels, 4, 4), [sample])
    except TypeError as error:
        names = ', '.join(type(loss).__name__ for loss in as_list(head.loss_decode))
        raise UserError(
            f'{type(head).__name__}.loss_decode={names} is a loss of another head: {error}. '
            'Choose one that takes logits, label, weight and ignore_index, such as '
            'CrossEntropyLoss.'
        ) from error
    except Exception:
        return


def _check_class_weight(head: BaseDecodeHead, loss: nn.Module) -> None:
    weights = getattr(loss, 'class_weight', None)
    if weights is not None and len(weights) != head.out_channels:
        raise UserError(
            f'{type(head).__name__}.loss_decode.class_weight has {len(weights)} numbers for '
            f'{head.out_channels} classes: give one for each (tools/class_weights.py counts them).'
        )
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
