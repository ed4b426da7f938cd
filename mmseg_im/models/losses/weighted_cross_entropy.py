# SPDX-License-Identifier: Apache-2.0
"""Cross entropy that weighs classes and ignores pixels."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError


@MODELS.register_module()
class WeightedCrossEntropyLoss(nn.Module):
    r"""Multi-class cross entropy with class weights, averaged over the weights of known pixels.

    .. math:: L = \lambda \frac{\sum_i v_i w_{y_i} CE_i}{\sum_i v_i w_{y_i}}

    over the pixels :math:`i` whose label :math:`y_i` is not the ignore index, with class weights
    :math:`w` and pixel weights :math:`v` (1 without a sampler). Zero, with a graph, if no pixel is
    left. mmseg's ``CrossEntropyLoss(class_weight=...)`` takes 255 for a class and fails.
    ``tools/class_weights.py`` prints weights for a data set.

    Args:
        class_weight (Sequence[float]): One non-negative number for each class.
        loss_weight (float): :math:`\lambda`.
        loss_name (str): Name in the log.

    Raises:
        UserError: If a weight is negative or all are zero.
    """

    class_weight: Tensor
    """Tensor: (C,) float32."""

    def __init__(
        self,
        class_weight: Sequence[float],
        loss_weight: float = 1.0,
        loss_name: str = 'loss_ce',
    ):
        super().__init__()
        if not class_weight or min(class_weight) < 0 or max(class_weight) == 0:
            raise UserError(
                f'WeightedCrossEntropyLoss.class_weight={class_weight}: it needs one number for '
                'each class, none negative and not all zero.'
            )
        self.register_buffer('class_weight', torch.tensor(class_weight).float(), persistent=False)
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
    ) -> Tensor:
        """Computes the loss.

        Args:
            cls_score (Tensor): (N, C, H, W) logits, any float dtype; computed in float32.
            label (Tensor): (N, H, W) int64.
            weight (Tensor, optional): (N, H, W) float, from a pixel sampler.
            ignore_index (int): Label of pixels that do not count.

        Returns:
            Tensor: Scalar float32.

        Raises:
            UserError: If there are not as many weights as classes.
        """
        if cls_score.shape[1] != len(self.class_weight):
            raise UserError(
                f'WeightedCrossEntropyLoss.class_weight has {len(self.class_weight)} numbers, and '
                f'the head {cls_score.shape[1]} classes.'
            )
        loss = F.cross_entropy(
            cls_score.float(),
            label,
            weight=self.class_weight,
            ignore_index=ignore_index,
            reduction='none',
        )
        known = label != ignore_index
        share = self.class_weight[torch.where(known, label, 0)] * known
        if weight is not None:
            loss, share = loss * weight, share * weight
        total = share.sum()
        return self.loss_weight * loss.sum() / torch.where(total > 0, total, 1.0)
