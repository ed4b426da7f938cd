# SPDX-License-Identifier: Apache-2.0
"""Multi-class, binary and multi-label segmentation behind one interface.

Label maps have the shape (N, M, H, W) everywhere: M = 1 for multi-class and binary tasks, M = K
for K overlapping classes. This is the only file that knows which task it is.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import UserError
from .ops import argmax

IGNORE_INDEX = 255


class LabelSpace(ABC):
    """Base of the label spaces: probability, hard label, confidence and loss of a task.

    Args:
        num_classes (int): Number of classes C that the data set names, at most 255.
    """

    head_knows_loss = False
    """bool: Whether mmseg's heads compute this task's supervised loss without a crash."""

    def __init__(self, num_classes: int):
        if not 1 <= num_classes <= IGNORE_INDEX:
            raise UserError(
                f'num_classes={num_classes}: label maps are uint8 and {IGNORE_INDEX} means '
                f'"ignored", so 1 to {IGNORE_INDEX} classes are possible.'
            )
        self.num_classes = num_classes

    @property
    def num_maps(self) -> int:
        """int: M, the label maps of an image."""
        return 1

    @property
    @abstractmethod
    def out_channels(self) -> int:
        """int: Channels of the logits."""

    @property
    @abstractmethod
    def num_labels(self) -> int:
        """int: L, the number of values that a pixel of one label map can take."""

    @abstractmethod
    def probs(self, logits: Tensor) -> Tensor:
        """Turns logits (N, C, H, W) of any float dtype into float32 probabilities."""

    @abstractmethod
    def hard(self, probs: Tensor) -> Tensor:
        """Discretises probabilities (N, C, H, W) into labels (N, M, H, W), uint8."""

    @abstractmethod
    def confidence(self, probs: Tensor, label: Tensor) -> Tensor:
        """Returns the probability of a label at each pixel.

        Args:
            probs (Tensor): (N, C, H, W) float32.
            label (Tensor): (N, M, H, W) uint8, of :meth:`hard` or of a vote.

        Returns:
            Tensor: (N, M, H, W) float32 in [0, 1], 0 where the label is 255.
        """

    @abstractmethod
    def entropy(self, probs: Tensor) -> Tensor:
        """Returns the entropy of the prediction at each pixel, as a share of the largest possible.

        Args:
            probs (Tensor): (N, C, H, W) float32.

        Returns:
            Tensor: (N, M, H, W) float32 in [0, 1].
        """

    @abstractmethod
    def pixel_loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Returns the cross entropy of each pixel, without reduction.

        Args:
            logits (Tensor): (N, C, H, W), any float dtype; computed in float32.
            target (Tensor): (N, M, H, W) integer labels; 255 is ignored.

        Returns:
            Tensor: (N, M, H, W) float32, 0 where the target is ignored. It has a gradient graph
            even when every pixel is ignored.
        """

    @abstractmethod
    def class_maps(self, label: Tensor) -> Tensor:
        """Returns one yes-or-no map for each class of the data set.

        Args:
            label (Tensor): (N, M, H, W) integer labels.

        Returns:
            Tensor: (N, C, H, W) bool, False in every class where the label is 255.
        """

    @abstractmethod
    def count(self, label: Tensor, where: Tensor) -> Tensor:
        """Returns the number of pixels of each class.

        Args:
            label (Tensor): (N, M, H, W) integer labels.
            where (Tensor): bool, broadcastable to ``label``: the pixels to count.

        Returns:
            Tensor: (C,) float64, one number for each class of the data set.
        """


class MultiClass(LabelSpace):
    """Every pixel has exactly one of C classes: softmax and argmax (ties: the lowest id)."""

    head_knows_loss = True

    @property
    def out_channels(self) -> int:
        return self.num_classes

    @property
    def num_labels(self) -> int:
        return self.num_classes

    def probs(self, logits: Tensor) -> Tensor:
        return logits.float().softmax(dim=1)

    def hard(self, probs: Tensor) -> Tensor:
        return argmax(probs)

    def confidence(self, probs: Tensor, label: Tensor) -> Tensor:
        known = label != IGNORE_INDEX
        return probs.gather(1, (label * known).long()) * known

    def entropy(self, probs: Tensor) -> Tensor:
        nats: Tensor = torch.special.entr(probs).sum(dim=1, keepdim=True)
        return (nats / math.log(max(self.num_classes, 2))).clamp(0, 1)

    def pixel_loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            logits.float(), target[:, 0].long(), ignore_index=IGNORE_INDEX, reduction='none'
        ).unsqueeze(1)

    def class_maps(self, label: Tensor) -> Tensor:
        return label == torch.arange(self.num_classes, device=label.device).view(1, -1, 1, 1)

    def count(self, label: Tensor, where: Tensor) -> Tensor:
        ids = torch.where(where, label, IGNORE_INDEX).flatten().long()
        # not torch.bincount, which waits for the device to learn the largest value
        counts = torch.zeros(IGNORE_INDEX + 1, dtype=torch.double, device=ids.device)
        counts.scatter_add_(0, ids, torch.ones_like(ids, dtype=torch.double))
        return counts[: self.num_classes]


class _Sigmoid(LabelSpace):
    """Base of the tasks in which each channel is a yes or no: sigmoid and threshold.

    Args:
        num_classes (int): See :class:`LabelSpace`.
        threshold (float): A channel is present where its probability is larger, in (0, 1).
    """

    def __init__(self, num_classes: int, threshold: float = 0.5):
        super().__init__(num_classes)
        if not 0 < threshold < 1:
            raise UserError(f'threshold={threshold} must lie between 0 and 1.')
        self.threshold = threshold

    @property
    def num_labels(self) -> int:
        return 2

    def probs(self, logits: Tensor) -> Tensor:
        return logits.float().sigmoid()

    def hard(self, probs: Tensor) -> Tensor:
        return (probs > self.threshold).to(torch.uint8)

    def confidence(self, probs: Tensor, label: Tensor) -> Tensor:
        return torch.where(label == 1, probs, 1 - probs) * (label != IGNORE_INDEX)

    def entropy(self, probs: Tensor) -> Tensor:
        nats: Tensor = torch.special.entr(probs) + torch.special.entr(1 - probs)
        return (nats / math.log(2)).clamp(0, 1)

    def pixel_loss(self, logits: Tensor, target: Tensor) -> Tensor:
        known = target != IGNORE_INDEX
        loss = F.binary_cross_entropy_with_logits(
            logits.float(), (target * known).float(), reduction='none'
        )
        return loss * known


class Binary(_Sigmoid):
    """Background (0) against foreground (1) from a single logit."""

    def __init__(self, num_classes: int = 2, threshold: float = 0.5):
        if num_classes != 2:
            raise UserError(
                f'A binary task has num_classes=2 (background, foreground) and out_channels=1, '
                f'but num_classes={num_classes}.'
            )
        super().__init__(num_classes, threshold)

    @property
    def out_channels(self) -> int:
        return 1

    def class_maps(self, label: Tensor) -> Tensor:
        return torch.cat([label == 0, label == 1], dim=1)

    def count(self, label: Tensor, where: Tensor) -> Tensor:
        return torch.stack([((label == i) & where).sum() for i in range(2)]).double()


class MultiLabel(_Sigmoid):
    """K classes that may overlap: every channel is a binary decision of its own."""

    def __init__(self, num_classes: int, threshold: float = 0.5):
        if num_classes < 2:
            raise UserError('A multi-label task has two classes or more; use label_space=binary.')
        super().__init__(num_classes, threshold)

    @property
    def num_maps(self) -> int:
        return self.num_classes

    @property
    def out_channels(self) -> int:
        return self.num_classes

    def class_maps(self, label: Tensor) -> Tensor:
        return label == 1

    def count(self, label: Tensor, where: Tensor) -> Tensor:
        return ((label == 1) & where).sum(dim=(0, 2, 3)).double()


LABEL_SPACES: dict[str, Callable[..., LabelSpace]] = dict(
    multiclass=MultiClass, binary=Binary, multilabel=MultiLabel
)


def space_name(model: Mapping[str, Any]) -> str:
    """The name of the label space in a ``model`` config, which may be a name or a dict of it."""
    space = model.get('label_space', 'multiclass')
    return space if isinstance(space, str) else space['type']


def build_label_space(cfg: str | dict[str, Any], num_classes: int, out_channels: int) -> LabelSpace:
    """Builds the label space of a segmentor and checks that its head fits.

    Args:
        cfg (str or dict): ``'multiclass'``, ``'binary'`` or ``'multilabel'``; as a dict with this
            name as ``type`` where a threshold other than 0.5 is wanted.
        num_classes (int): Classes of the decode head.
        out_channels (int): Channels of the decode head's logits.

    Returns:
        LabelSpace: With ``num_classes`` classes.

    Raises:
        UserError: If the name is unknown or the head has other channels than the task needs.
    """
    options = dict(type=cfg) if isinstance(cfg, str) else dict(cfg)
    name = options.pop('type', None)
    if name not in LABEL_SPACES:
        raise UserError(
            f'model.label_space={name!r} is unknown; it is one of {", ".join(LABEL_SPACES)}.'
        )
    space = LABEL_SPACES[name](num_classes, **options)
    if space.out_channels != out_channels:
        raise UserError(
            f'model.label_space={name!r} with num_classes={num_classes} needs '
            f'decode_head.out_channels={space.out_channels}, but it is {out_channels}.'
        )
    return space
