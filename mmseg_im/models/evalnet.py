# SPDX-License-Identifier: Apache-2.0
"""EvalNet, the quality network: predicts how good the label of an image is."""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX, LABEL_SPACES, LabelSpace


def label_quality(
    space: LabelSpace, label: Tensor, truth: Tensor, min_share: float = 0.001
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns what EvalNet learns to predict: IoU and presence of each class in a label.

    Args:
        space (LabelSpace): The task.
        label (Tensor): (N, M, H, W) the label to judge; 255 (masked) counts as not found.
        truth (Tensor): (N, M, H, W) annotation; where it is 255 nothing is counted.
        min_share (float): A class is present if it covers more than this share of the known
            pixels.

    Returns:
        tuple[Tensor, Tensor, Tensor]: IoU (N, C) float32 in [0, 1], 0 where a class is in neither;
        whether the class is in either (N, C) bool; whether it is present (N, C) bool.
    """
    known = truth != IGNORE_INDEX
    found = space.class_maps(torch.where(known, label, IGNORE_INDEX))
    true = space.class_maps(truth)
    intersection = (found & true).flatten(2).sum(dim=2).float()
    union = (found | true).flatten(2).sum(dim=2).float()
    pixels = known.any(dim=1).flatten(1).sum(dim=1, keepdim=True)
    present = true.flatten(2).sum(dim=2) > min_share * pixels
    return intersection / union.clamp(min=1), union > 0, present


@MODELS.register_module()
class EvalNet(BaseModel):
    """Predicts the IoU of every class, and whether it is present, from an image and its label.

    Source: Vorndran and Roeck, arXiv 2401.14387: a stem for the image and one for the label, their
    maps concatenated, five blocks of a 3x3 and a 1x1 convolution with batch norm and pooling,
    global average pooling, and two sigmoid vectors. IoU is learned with the squared error, over
    the classes that occur; presence with cross entropy.

    Args:
        num_classes (int): C of the data set.
        label_space (str): ``'multiclass'``, ``'binary'`` or ``'multilabel'``.
        channels (int): Width of the first block; the others have 2, 4, 8 and 16 times as many.
        data_preprocessor (dict, optional): Normalises and stacks the images.
        in_channels (int): Channels of the images.
    """

    def __init__(
        self,
        num_classes: int,
        label_space: str = 'multiclass',
        channels: int = 16,
        data_preprocessor: dict | None = None,
        in_channels: int = 3,
    ):
        super().__init__(data_preprocessor)
        if label_space not in LABEL_SPACES:
            raise UserError(
                f'EvalNet.label_space={label_space!r} is unknown; it is one of '
                f'{", ".join(LABEL_SPACES)}.'
            )
        self.space: LabelSpace = LABEL_SPACES[label_space](num_classes)
        self.image_stem = _block(in_channels, channels)
        self.label_stem = _block(num_classes, channels)
        widths = [2 * channels, *(channels * 2**i for i in range(5))]
        self.blocks = nn.Sequential(*(_block(a, b) for a, b in itertools.pairwise(widths)))
        self.iou = nn.Linear(widths[-1], num_classes)
        self.presence = nn.Linear(widths[-1], num_classes)

    def logits(self, image: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the logits of IoU and presence, (N, C) each.

        Args:
            image (Tensor): (N, in_channels, H, W), normalised.
            label (Tensor): (N, M, H, W) integer labels, 255 where there is none.
        """
        maps = self.space.class_maps(label).to(image.dtype)
        # images of few pixels are enlarged, because six poolings halve them
        size = [max(side, 64) for side in image.shape[2:]]
        if list(image.shape[2:]) != size:
            image, maps = (F.interpolate(x, size, mode='nearest') for x in (image, maps))
        features = torch.cat([self.image_stem(image), self.label_stem(maps)], dim=1)
        features = self.blocks(features).mean(dim=(2, 3))
        return self.iou(features), self.presence(features)

    def forward(self, inputs: Tensor, data_samples: list, mode: str = 'predict'):
        """Runs on samples with the fields ``candidate`` and, for ``'loss'``, ``gt_sem_seg``.

        Returns:
            dict or list: ``'loss'``: ``loss_iou`` and ``loss_presence``. ``'predict'``: the
            samples with ``quality`` and ``presence`` (C,) in [0, 1].
        """
        size = inputs.shape[2:]
        label = _stack([sample.candidate.data for sample in data_samples], size)
        iou, presence = self.logits(inputs, label)
        if mode == 'predict':
            for sample, quality, present in zip(
                data_samples, iou.sigmoid(), presence.sigmoid(), strict=True
            ):
                sample.set_field(quality, 'quality')
                sample.set_field(present, 'presence')
            return data_samples
        truth = _stack([sample.gt_sem_seg.data for sample in data_samples], size)
        target, counts, present = label_quality(self.space, label, truth)
        error = (iou.sigmoid() - target).square() * counts
        return dict(
            loss_iou=error.sum() / counts.sum().clamp(min=1),
            loss_presence=F.binary_cross_entropy_with_logits(presence, present.float()),
        )


def _stack(labels: Sequence[Tensor], size: Sequence[int]) -> Tensor:
    """Stacks label maps (M, h, w) of a batch whose images were padded to one size."""
    return torch.stack([
        F.pad(m, (0, size[1] - m.shape[2], 0, size[0] - m.shape[1]), value=IGNORE_INDEX)
        for m in labels
    ])  # fmt: skip


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 1),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(outputs),
        nn.MaxPool2d(2),
    )
