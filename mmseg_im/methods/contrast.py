# SPDX-License-Identifier: Apache-2.0
"""Feature vectors of pixels, and the loss that pulls those of a class together."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def contrast(anchors: Tensor, positive: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """InfoNCE of one class: cross entropy of the positive among the cosines, mean over anchors.

    Args:
        anchors (Tensor): (Q, D).
        positive (Tensor): (D,).
        negatives (Tensor): (Q, N, D).
        temperature (float): Divides the cosines.
    """
    candidates = torch.cat([positive.expand(len(anchors), 1, -1), negatives], dim=1)
    cosines = F.cosine_similarity(anchors[:, None], candidates, dim=2) / temperature
    return F.cross_entropy(cosines, torch.zeros_like(cosines[:, 0], dtype=torch.long))


class Representation(nn.Sequential):
    """Two 3x3 convolutions and a 1x1 one, from feature maps to vectors."""

    def __init__(self, in_channels: int, width: int, dim: int):
        layers = []
        for channels in (in_channels, width):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.Dropout2d(0.1),
            ]
        super().__init__(*layers, nn.Conv2d(width, dim, 1))
