# SPDX-License-Identifier: Apache-2.0
"""Percentiles of some pixels, without asking the device how many they are."""

import torch
from torch import Tensor


def masked_percentiles(values: Tensor, mask: Tensor, *percents: float) -> Tensor:
    """Percentiles of the values where a mask is True, with linear interpolation as in NumPy.

    Args:
        values (Tensor): Any shape.
        mask (Tensor): bool, of the same shape.
        *percents (float): P of them, in [0, 100].

    Returns:
        Tensor: (P,); infinity if nothing is masked in.
    """
    ordered = torch.where(mask, values, torch.inf).flatten().sort().values
    # in float64, which holds every index of a batch
    share = torch.tensor(percents, dtype=torch.double).to(values.device, non_blocking=True) / 100
    place = share * (mask.sum() - 1).clamp(min=0)
    # gather, because an index of no dimension would be read back from the device
    low, high = (ordered.gather(0, edge.long()) for edge in (place.floor(), place.ceil()))
    between = low + (high - low) * (place - place.floor()).to(low.dtype)
    return torch.where(low == high, low, between)
