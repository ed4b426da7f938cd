# SPDX-License-Identifier: Apache-2.0
"""Online hard example mining over a batch, as the published methods train on Cityscapes."""

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError


def hard_pixels(prob: Tensor, known: Tensor, thresh: float, min_kept: int) -> Tensor:
    """Returns the hard pixels: ``known and p <= max(thresh, q)``.

    ``q`` is the ``min_kept``-th smallest probability over all pixels, where unknown ones count
    with 1, so that all known pixels are kept if there are not more than ``min_kept``.

    Args:
        prob (Tensor): (P,) float32, probability of the true class.
        known (Tensor): (P,) bool, False where the label is ignored.
        thresh (float): Pixels up to this probability are hard.
        min_kept (int): At least as many are kept, 1 or more.

    Returns:
        Tensor: (P,) bool.
    """
    prob = torch.where(known, prob, 1.0)
    limit = prob.kthvalue(min(min_kept, len(prob))).values.clamp(min=thresh)
    return known & (prob <= limit)


@MODELS.register_module()
class ProbOHEMCrossEntropyLoss(nn.Module):
    """Mean cross entropy over the hard pixels of a batch, see :func:`hard_pixels`.

    Source: UniMatch, U2PL, iMAS and AugSeg (CVPR 2022 and 2023), which share it. mmseg's
    ``OHEMPixelSampler`` keeps ``min_kept`` in each image and divides by all pixels instead. Zero,
    with a graph, if nothing is labeled.

    Args:
        thresh (float): In [0, 1]; published: 0.7.
        min_kept (int): For a batch of ``pixels`` pixels on one device; 200000 (UniMatch) or 100000
            (the others).
        pixels (int, optional): For how many pixels ``min_kept`` was published, such as
            2 * 801 * 801; other batches keep the same share. None: ``min_kept`` whatever the size.
        loss_weight (float): Factor.
        loss_name (str): Name in the log.
    """

    def __init__(
        self,
        thresh: float = 0.7,
        min_kept: int = 200_000,
        pixels: int | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_ohem',
    ):
        super().__init__()
        if not 0 <= thresh <= 1 or min_kept < 1 or (pixels is not None and pixels < min_kept):
            raise UserError(
                f'ProbOHEMCrossEntropyLoss: thresh={thresh} must lie in [0, 1], '
                f'min_kept={min_kept} must be 1 or more and pixels={pixels} not less than that.'
            )
        self.thresh = thresh
        self.min_kept = min_kept
        self.pixels = pixels
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
        """
        loss = F.cross_entropy(
            cls_score.float(), label, ignore_index=ignore_index, reduction='none'
        ).flatten()
        known = (label != ignore_index).flatten()
        count = self.min_kept
        if self.pixels is not None:
            count = max(1, round(count * label.numel() / self.pixels))
        # the cross entropy of a pixel is -log p of its class
        kept = hard_pixels(loss.detach().neg().exp(), known, self.thresh, count).float()
        if weight is not None:
            kept = kept * weight.flatten()
        return self.loss_weight * (loss * kept).sum() / kept.sum().clamp(min=1e-12)
