# SPDX-License-Identifier: Apache-2.0
"""The part of a large image in which the voters disagree most."""

import numpy as np

STEPS = 4
"""int: A part is tried at every fourth of its side."""


def most_masked(mask: np.ndarray, side: int) -> tuple[slice, slice]:
    """Returns the rows and columns of the square in which most pixels are masked.

    Args:
        mask (np.ndarray): (H, W) bool.
        side (int): Of the square in pixels, 4 or more; a side of the image that is smaller is
            taken as a whole.

    Returns:
        tuple[slice, slice]: The first of equals; the middle of an image without masked pixels.
    """
    size = [min(side, length) for length in mask.shape]
    if not mask.any():
        starts = [(length - part) // 2 for length, part in zip(mask.shape, size, strict=True)]
    else:
        step = side // STEPS
        rows, columns = (np.arange(0, length, step) for length in mask.shape)
        # row by row: sums of a large mask as a whole would fill the memory
        sums = np.stack(
            [
                np.add.reduceat(mask[row : row + step].sum(axis=0, dtype=np.int32), columns)
                for row in rows
            ]
        )
        blocks = tuple(min(STEPS, count) for count in sums.shape)
        windows = np.lib.stride_tricks.sliding_window_view(sums, blocks).sum(axis=(2, 3))
        best = np.unravel_index(windows.argmax(), windows.shape)
        starts = [
            min(int(at) * step, length - part)
            for at, length, part in zip(best, mask.shape, size, strict=True)
        ]
    (top, left), (height, width) = starts, size
    return slice(top, top + height), slice(left, left + width)


def same_part(part: slice, of: int, length: int) -> slice:
    """Returns the part of another length that is the same share of it, at least one pixel."""
    first = part.start * length // of
    return slice(first, max(-(-part.stop * length // of), first + 1))
