# SPDX-License-Identifier: Apache-2.0
"""Correlation of positions in a feature map, and labels that spread along it (CorrMatch)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..labels.spaces import IGNORE_INDEX
from .pseudo_label_loss import Target


class Correlation(nn.Module):
    """Two embeddings of a feature map whose products tell how alike two positions are.

    Args:
        in_channels (int): Channels of the feature map.
        channels (int): Width after the first 1x1 convolution.
        num_classes (int): C, width of the embeddings.
    """

    def __init__(self, in_channels: int, channels: int, num_classes: int):
        super().__init__()
        self.reduce = nn.Conv2d(in_channels, channels, 1)
        self.query = nn.Conv2d(channels, num_classes, 1)
        self.key = nn.Conv2d(channels, num_classes, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Embeds a map (N, c, h, w).

        Returns:
            tuple[Tensor, Tensor]: Queries and keys, (N, h w, C) each.
        """
        x = self.reduce(features).relu()
        query, key = (conv(x).flatten(2).transpose(1, 2) for conv in (self.query, self.key))
        return query, key


def correlated(query: Tensor, key: Tensor, logits: Tensor) -> Tensor:
    """Averages logits over all positions, weighed by their correlation with each position.

    The map ``softmax(query key^T / sqrt(C))`` (N, h w, h w) exists only where torch's attention has
    no fused kernel for it.

    Args:
        query (Tensor): (N, h w, C).
        key (Tensor): (N, h w, C).
        logits (Tensor): (N, C, h, w), of the size of the feature map.

    Returns:
        Tensor: (N, C, h, w) float32.
    """
    value = logits.flatten(2).transpose(1, 2)
    query, key, value = (x[:, None] for x in (query, key, value))  # one head
    out = F.scaled_dot_product_attention(query, key, value)[:, 0]
    return out.float().transpose(1, 2).reshape(logits.shape)


def rows_of_map(query: Tensor, key: Tensor, places: Tensor) -> Tensor:
    """Rows of the correlation map.

    Args:
        query (Tensor): (N, Q, C).
        key (Tensor): (N, Q, C).
        places (Tensor): (N, P) int64 in [0, Q).

    Returns:
        Tensor: (N, P, Q) float32; every row sums up to 1.
    """
    width = query.shape[2]
    chosen = query.gather(1, places[..., None].expand(-1, -1, width))
    score = (chosen @ key.transpose(1, 2)).float() / math.sqrt(width)
    return score.softmax(dim=2)


def regions_of(rows: Tensor, valid: Tensor, share: float = 0.5) -> Tensor:
    """Positions whose correlation, scaled to [0, 1] within its row, exceeds a share.

    Args:
        rows (Tensor): (N, P, Q).
        valid (Tensor): (N, Q) bool; positions of padding are in no region and set no scale.
        share (float): In [0, 1).

    Returns:
        Tensor: (N, P, Q) bool. The region of a constant row is empty.
    """
    valid = valid[:, None]
    low = torch.where(valid, rows, torch.inf).amin(dim=2, keepdim=True)
    high = torch.where(valid, rows, -torch.inf).amax(dim=2, keepdim=True)
    return valid & (rows - low > share * (high - low))


def spread_labels(
    region: Tensor, label: Tensor, confidence: Tensor, threshold: Tensor, num_classes: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gives regions that are sure and mostly of one class this class.

    A region is taken if its share of sure pixels and its share of its most frequent class both
    exceed the threshold. All its positions get this class and the mean confidence of the sure ones;
    those in several such regions get them from the one of the largest confidence.

    Args:
        region (Tensor): (N, P, Q) bool.
        label (Tensor): (N, Q) int64; 255 is no class and never sure.
        confidence (Tensor): (N, Q) float32 in [0, 1].
        threshold (Tensor): Scalar; a pixel is sure from this confidence on.
        num_classes (int): C.

    Returns:
        tuple[Tensor, Tensor, Tensor]: Label int64, confidence float32 and bool, whether a region
        was taken there; (N, Q) each. The first two are arbitrary elsewhere.
    """
    known = label != IGNORE_INDEX
    least = threshold * region.sum(dim=2)
    sure = region & (known & (confidence >= threshold))[:, None]
    counts = torch.zeros(*region.shape[:2], num_classes + 1, device=region.device)
    bins = label.clamp(max=num_classes)[:, None].expand_as(region)
    counts.scatter_add_(2, bins, region.to(counts.dtype))
    most, majority = counts[..., :num_classes].max(dim=2)
    taken = (sure.sum(dim=2) > least) & (most > least)
    level = torch.where(sure, confidence[:, None], 0.0).sum(dim=2) / sure.sum(dim=2).clamp(min=1)
    reached = torch.where(region & taken[..., None], level[..., None], -1.0)
    value, source = reached.max(dim=1)
    return majority.gather(1, source), value, value >= 0


def best_confidence(label: Tensor, confidence: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Largest confidence of each predicted class, mean over these classes.

    Args:
        label (Tensor): Integer labels of any shape; 255 does not count.
        confidence (Tensor): float32 in (0, 1], of the same shape.
        num_classes (int): C.

    Returns:
        tuple[Tensor, Tensor]: The mean (0 without a class), and the number of predicted classes.
    """
    best = torch.zeros(num_classes + 1, device=label.device)
    bins = label.long().clamp(max=num_classes).flatten()
    best = best.scatter_reduce(0, bins, confidence.flatten(), 'amax')[:num_classes]
    number = (best > 0).sum()
    return best.sum() / number.clamp(min=1), number


def divergence(prob: Tensor, logits: Tensor, target: Target) -> Tensor:
    """Mean weighted KL divergence of a prediction from fixed probabilities, over valid pixels.

    Args:
        prob (Tensor): (N, C, H, W) float32.
        logits (Tensor): (N, C, H, W) of the student.
        target (Target): Pixels without a label or weight count as 0.

    Returns:
        Tensor: Scalar float32.
    """
    log_prob = logits.float().log_softmax(dim=1)
    value = F.kl_div(log_prob, prob, reduction='none').sum(dim=1, keepdim=True)
    value = torch.where(target.carries_loss(), value * target.weight, 0.0)
    return value.sum() / target.valid.sum().clamp(min=1)
