# SPDX-License-Identifier: Apache-2.0
"""A window that slides over an image: mmseg's result, with the memory of a row of windows."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .row_reading import Read

PIXELS = 2**18
"""int: Of the windows that a network predicts at once; one window may have more."""


class Windows(NamedTuple):
    """How a window slides, as ``test_cfg`` of a segmentor says it.

    Attributes:
        crop (Sequence[int]): Its height and width.
        stride (Sequence[int]): Steps down and to the right.
    """

    crop: Sequence[int]
    stride: Sequence[int]


def window_starts(size: int, crop: int, stride: int, mirrored: bool = False) -> list[int]:
    """Returns where windows begin along one side, as mmseg places them: the last ends at the edge.

    Args:
        size (int): Of the image.
        crop (int): Of a window; at most ``size`` is used.
        stride (int): From one window to the next.
        mirrored (bool): As if they were placed from the other end, on the mirrored image.
    """
    crop = min(crop, size)
    number = max(size - crop + stride - 1, 0) // stride + 1
    starts = [min(i * stride, size - crop) for i in range(number)]
    return [size - crop - start for start in reversed(starts)] if mirrored else starts


def slide(
    read: Read,
    size: Sequence[int],
    windows: Windows,
    decode: Callable[[Tensor], Tensor],
    flip: tuple[int, ...] = (),
) -> Iterator[Tensor]:
    """Predicts an image with a sliding window.

    The logits of windows that overlap are averaged. Those of the windows of one row are kept, and
    yielded as soon as no window below reaches them.

    Args:
        read (Read): Reads the image as the network takes it; any rows at any time.
        size (Sequence[int]): Its height and width.
        windows (Windows): How to slide.
        decode (Callable): Turns windows (B, 3, h, w) into logits (B, C, h, w).
        flip (tuple[int, ...]): Dimensions in which the network sees the image flipped; the result
            is flipped back.

    Yields:
        Tensor: (1, C, h, W) float32 logits of the next rows, from the top.
    """
    height, width = (min(crop, side) for crop, side in zip(windows.crop, size, strict=True))
    tops = window_starts(size[0], height, windows.stride[0], 2 in flip)
    lefts = window_starts(size[1], width, windows.stride[1], 3 in flip)
    down, across = _covered(size[0], tops, height), _covered(size[1], lefts, width)
    at_once = max(PIXELS // (height * width), 1)
    kept: Tensor | None = None  # sums of the rows from the top of the last windows
    for top, following in zip(tops, [*tops[1:], size[0]], strict=True):
        rows = read(top, top + height)
        sums = None
        for i in range(0, len(lefts), at_once):
            some = lefts[i : i + at_once]
            crops = torch.cat([rows[..., left : left + width] for left in some])
            logits = decode(crops.flip(flip)).flip(flip) if flip else decode(crops)
            if sums is None:
                sums = logits.new_zeros((1, logits.shape[1], height, size[1]), dtype=torch.float32)
                if kept is not None:
                    sums[:, :, : kept.shape[2]] = kept
            for left, one in zip(some, logits.split(1), strict=True):
                sums[..., left : left + width] += one
        assert sums is not None
        kept = sums[:, :, following - top :].clone()
        done = sums[:, :, : following - top]
        count = down[top:following].view(-1, 1) * across
        yield done / count.to(done)
        del sums, done, logits, one, rows  # not beside those of the next row


def _covered(size: int, starts: Sequence[int], length: int) -> Tensor:
    """How many windows lie over each place of one side, (size,) int64."""
    count = torch.zeros(size, dtype=torch.long)
    for start in starts:
        count[start : start + length] += 1
    return count
