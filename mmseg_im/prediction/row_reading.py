# SPDX-License-Identifier: Apache-2.0
"""Rows of maps that are too large to be in memory as a whole, from the top to the bottom."""

from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Read = Callable[[int, int], Tensor]
"""Returns the rows from a first to before a last one, (1, C, last - first, W) float32."""


class RowStream:
    """A :data:`Read` of parts that arrive one after another.

    It keeps what may be read again: the first row of a call is never above that of the last one.

    Args:
        parts (Iterator[Tensor]): (1, C, h, W) each, which follow one another from the top.
    """

    def __init__(self, parts: Iterator[Tensor]):
        self._parts = parts
        self._top = 0
        self._kept: Tensor | None = None

    def __call__(self, first: int, last: int) -> Tensor:
        while self._kept is None or self._top + self._kept.shape[2] < last:
            part = next(self._parts)
            self._kept = part if self._kept is None else torch.cat([self._kept, part], dim=2)
            self._forget(first)
        self._forget(first)
        return self._kept[:, :, : last - first]

    def _forget(self, first: int) -> None:
        """Drops the rows above the first that is still wanted."""
        assert self._kept is not None
        over = min(first - self._top, self._kept.shape[2])
        if over > 0:
            # a copy: a part of a tensor keeps all of it alive
            self._kept = self._kept[:, :, over:].clone()
            self._top += over


def resampled(
    read: Read, size: Sequence[int], new_size: Sequence[int], align_corners: bool = False
) -> Read:
    """Resizes maps bilinearly, as ``F.interpolate`` does, a few rows at a time.

    Args:
        read (Read): Reads the maps.
        size (Sequence[int]): Their height and width.
        new_size (Sequence[int]): Height and width to make of them.
        align_corners (bool): Of ``F.interpolate``.

    Returns:
        Read: Reads the resized maps.
    """
    if tuple(size) == tuple(new_size):
        return read

    def resized(first: int, last: int) -> Tensor:
        # in float32 and in this order, so that rounding is that of F.interpolate
        at = torch.arange(first, last, dtype=torch.float32)
        if align_corners:
            at = at * ((size[0] - 1) / max(new_size[0] - 1, 1))
        else:
            at = ((at + 0.5) * (size[0] / new_size[0]) - 0.5).clamp(min=0)
        above = at.floor().long().clamp(max=size[0] - 1)
        below = (above + 1).clamp(max=size[0] - 1)
        top = int(above[0])
        rows = read(top, int(below[-1]) + 1)
        weight = (at - above).view(-1, 1).to(rows.device)
        mixed = torch.lerp(
            rows.index_select(2, (above - top).to(rows.device)),
            rows.index_select(2, (below - top).to(rows.device)),
            weight,
        )
        return F.interpolate(
            mixed, (last - first, new_size[1]), mode='bilinear', align_corners=align_corners
        )

    return resized
