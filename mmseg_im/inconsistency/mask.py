# SPDX-License-Identifier: Apache-2.0
"""The inconsistency mask: where the discretised predictions of several teachers disagree.

Source: Vorndran and Roeck, "Inconsistency Masks: Harnessing Model Disagreement for Stable
Semi-Supervised Segmentation", arXiv 2401.14387. Labels have the shape (N, M, H, W), see
:mod:`mmseg_im.labels.spaces`; masks are bool tensors, True where inconsistent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from ..labels.ops import where
from ..labels.spaces import IGNORE_INDEX, LabelSpace
from .colour import check_fill, normalised_fill
from .morphology import dilate, erode, grow, refine
from .voting import Votes, agree, check_min_agreement

__all__ = [
    'Consensus',
    'InconsistencyMask',
    'Votes',
    'agree',
    'dilate',
    'erode',
    'grow',
    'paint',
    'refine',
]


def paint(image: Tensor, mask: Tensor, fill: Tensor) -> Tensor:
    """Gives the masked pixels of images one colour.

    Args:
        image (Tensor): (N, C, H, W) float.
        mask (Tensor): (N, 1, H, W) bool.
        fill (Tensor): (C,) or (1,) colour in the value range of ``image``.

    Returns:
        Tensor: (N, C, H, W), a new image.
    """
    return torch.where(mask, fill.to(image).view(1, -1, 1, 1), image)


class Consensus(NamedTuple):
    """Result of a vote: agreed label, inconsistency mask and image weights.

    Attributes:
        label (Tensor): (N, M, H, W) uint8.
        inconsistent (Tensor): (N, 1, H, W) bool, or (N, M, H, W) with ``scope='channel'``.
        weight (Tensor): (N,) float32, 0 for images that the filters reject, else 1.
    """

    label: Tensor
    inconsistent: Tensor
    weight: Tensor


@MODELS.register_module()
class InconsistencyMask(nn.Module):
    """Makes agreed labels, the mask and image weights of votes, and paints the mask.

    The order of the steps is part of the contract:

    1. Vote: the label that ``min_agreement`` of the voters share. Agreement on background is
       agreement.
    2. Erode, then dilate the mask; pixels that erosion frees take a label by growing the agreed
       classes 3x3.
    3. Block the label.
    4. Reject images: weight 0.

    :meth:`paint_view` is called afterwards on the student's views, after every photometric
    augmentation.

    Args:
        min_agreement (float): Share of the voters that must agree, in (0, 1]. 1.0 is the paper's.
        scope (str): Multi-label only: ``'image'`` masks a pixel in all channels as soon as one is
            inconsistent (the paper), ``'channel'`` keeps one mask for each channel.
        erode (int): Side of the square in pixels, 0 = off.
        dilate (int): Side of the square in pixels, 0 = off. Acts after erosion.
        block_label (bool): Take masked pixels out of the pseudo-label. If False they keep the
            label of the mean probability.
        masked_label (str): ``'ignore'`` (255), or ``'background'`` (0) as in the original study,
            where masked pixels are trained as class 0; for comparison only.
        block_input (bool): Paint masked pixels of the student's views.
        fill (float, sequence of floats, or 'mean'): Colour of the paint in raw values, one or one
            for each channel in the order of the data preprocessor's ``mean``; ``'mean'`` is that
            mean.
        max_ratio (float): Images whose final mask covers more than this share get weight 0.
        same_classes (bool): Images on which the voters find different sets of classes get
            weight 0.
        min_foreground (bool): Binary tasks: images whose agreed foreground is not larger than the
            mask, both before erosion and dilation, get weight 0; so do those without any.

    Raises:
        UserError: If an option lies outside its range.
    """

    colour: Tensor
    """Tensor: (C,) or (1,) float, of the paint, in the range of normalised images."""

    def __init__(
        self,
        min_agreement: float = 1.0,
        scope: str = 'image',
        erode: int = 0,
        dilate: int = 0,
        block_label: bool = True,
        masked_label: str = 'ignore',
        block_input: bool = True,
        fill: float | Sequence[float] | str = 0,
        max_ratio: float = 1.0,
        same_classes: bool = False,
        min_foreground: bool = False,
    ):
        super().__init__()
        self.min_agreement = check_min_agreement(min_agreement)
        if scope not in ('image', 'channel'):
            raise UserError(f"scope={scope!r} must be 'image' or 'channel'.")
        if masked_label not in ('ignore', 'background'):
            raise UserError(f"masked_label={masked_label!r} must be 'ignore' or 'background'.")
        for name, kernel in (('erode', erode), ('dilate', dilate)):
            if not isinstance(kernel, int) or kernel < 0:
                raise UserError(f'{name}={kernel!r} must be a kernel side in pixels, 0 for off.')
        if not 0 < max_ratio <= 1:
            raise UserError(f'max_ratio={max_ratio} must be a share of the image in (0, 1].')
        self.scope = scope
        self.erode = erode
        self.dilate = dilate
        self.block_label = block_label
        self.masked_label = IGNORE_INDEX if masked_label == 'ignore' else 0
        self.block_input = block_input
        self.fill = check_fill(fill)
        self.max_ratio = max_ratio
        self.same_classes = same_classes
        self.min_foreground = min_foreground
        self.register_buffer('colour', None, persistent=False)  # see bind

    def new_votes(self, num_labels: int) -> Votes:
        """Returns an empty vote for one batch.

        Args:
            num_labels (int): L, how many labels a pixel can take, see ``LabelSpace.num_labels``.
        """
        return Votes(self.min_agreement, num_labels, self.same_classes)

    def forward(self, votes: Votes, valid: Tensor, mean_label: Tensor) -> Consensus:
        """Returns label, mask and image weights of a finished vote.

        Args:
            votes (Votes): To which all voters have been added.
            valid (Tensor): (N, 1, H, W) bool, False on padding.
            mean_label (Tensor): (N, M, H, W) uint8, label of the mean probability; masked pixels
                keep it with ``block_label=False``.

        Returns:
            Consensus: On padding, the label is that of ``mean_label`` and the mask is False.
        """
        label, mask = votes.result()
        # Padding must not reach the image through the kernels of erosion and dilation.
        label = where(~valid, IGNORE_INDEX, label)
        mask = mask & valid
        if self.scope == 'image':
            mask = mask.any(dim=1, keepdim=True)
        foreground = (label == 1) & ~mask & valid
        enough = _pixels(foreground) > _pixels(mask) if self.min_foreground else None
        label, mask = refine(label, mask, valid, self.erode, self.dilate)
        weight = self._image_weights(votes, mask, valid, enough)
        if self.block_label:
            label = where(mask, self.masked_label, label)
        else:
            label = where(mask | (label == IGNORE_INDEX), mean_label, label)
        label = where(valid, label, mean_label)  # `valid` alone marks padding
        return Consensus(label, mask, weight)

    def _image_weights(
        self, votes: Votes, mask: Tensor, valid: Tensor, enough: Tensor | None
    ) -> Tensor:
        keep = torch.ones_like(mask[:, 0, 0, 0])
        if self.max_ratio < 1:
            keep &= _pixels(mask) <= self.max_ratio * _pixels(valid.expand_as(mask))
        if self.same_classes:
            keep &= votes.same_classes
        if enough is not None:
            keep &= enough
        return keep.float()

    def bind(self, student: BaseSegmentor) -> None:
        """Takes the label space and the normalisation of the student, once, before training.

        Args:
            student (BaseSegmentor): Has ``label_space`` and ``data_preprocessor``.

        Raises:
            UserError: If an option makes no sense for the task, or the mean colour is unknown or
                has other channels than the paint.
        """
        self.check(student.label_space)
        preprocessor = student.data_preprocessor
        if getattr(preprocessor, '_enable_normalize', False):
            mean, std = preprocessor.mean.flatten(), preprocessor.std.flatten()
        elif self.fill is None:
            raise UserError("model.semi.im.fill='mean' needs model.data_preprocessor.mean.")
        else:
            mean, std = torch.zeros(1), torch.ones(1)
        self.colour = self.fill_colour(mean, std)

    def fill_colour(self, mean: Tensor, std: Tensor) -> Tensor:
        """Converts ``fill`` to the range of normalised images, see :func:`normalised_fill`."""
        return normalised_fill(self.fill, mean, std)

    def paint_view(self, image: Tensor, mask: Tensor) -> Tensor:
        """Paints the mask into one normalised view of the student, see :func:`paint`.

        With ``scope='channel'`` only pixels that are masked in every channel are painted: the
        others still carry a loss, so the student must see them.

        Args:
            image (Tensor): (N, C, H, W), normalised.
            mask (Tensor): (N, 1 or M, H, W) bool.

        Returns:
            Tensor: (N, C, H, W); the image itself with ``block_input=False``.
        """
        if not self.block_input:
            return image
        return paint(image, mask.all(dim=1, keepdim=True), self.colour)

    def check(self, space: LabelSpace) -> None:
        """Raises a UserError if an option does not fit the task."""
        if self.min_foreground and (space.num_maps, space.num_labels) != (1, 2):
            raise UserError('min_foreground=True is for binary tasks; set it to False.')
        if self.scope == 'channel' and space.num_maps == 1:
            raise UserError("scope='channel' is for multi-label tasks; use scope='image'.")


def _pixels(chosen: Tensor) -> Tensor:
    """Returns the number of True pixels of each image, (N,) int32."""
    return chosen.flatten(1).sum(dim=1, dtype=torch.int32)
