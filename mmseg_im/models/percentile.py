# SPDX-License-Identifier: Apache-2.0
"""A percentile of some pixels, without asking the device how many they are."""

import torch
from torch import Tensor


def masked_percentile(values: Tensor, mask: Tensor, percent: float) -> Tensor:
    """Percentile of the values where a mask is True, with linear interpolation as in NumPy.

    Args:
        values (Tensor): Any shape.
        mask (Tensor): bool, of the same shape.
        percent (float): In [0, 100].

    Returns:
        Tensor: A scalar; infinity if nothing is masked in.
    """
    ordered = torch.where(mask, values, torch.inf).flatten().sort().values
    place = percent / 100 * (mask.sum() - 1).clamp(min=0)
    low, high = ordered[place.floor().long()], ordered[place.ceil().long()]
    return torch.where(low == high, low, low + (high - low) * (place - place.floor()))
