# SPDX-License-Identifier: Apache-2.0
"""What the pixels of a mask have around them: their own code, others, or a slope between two."""

from collections.abc import Callable

import numpy as np

SLACK = 4  # levels by which rounding and sharp filters leave the range of two neighbours
PAIRS = ((0, 1), (1, 0), (1, 1), (1, -1))


def edges_and_slopes(
    codes: np.ndarray, look: Callable[[np.ndarray], np.ndarray]
) -> tuple[dict, dict]:
    """Returns for each code how many of its pixels touch another, and how many lie on a slope.

    A pixel is on a slope if two of its neighbours that lie opposite of one another differ from it
    and each other, and its channels lie between theirs: so do blends, and hardly a drawn pixel.

    Args:
        codes (np.ndarray): (H, W), integers.
        look (Callable): What some codes (N,) look like, (N, C).

    Returns:
        tuple[dict[int, int], dict[int, int]]: Without codes that have no such pixel.
    """
    around = np.pad(codes, 1, mode='edge')
    middle = around[:, 1:-1]
    row = (middle == around[:, :-2]) & (middle == around[:, 2:])
    inner = row[:-2] & row[1:-1] & row[2:] & (codes == middle[:-2]) & (codes == middle[2:])
    y, x = np.nonzero(~inner)
    own = codes[y, x]
    own_shade = look(own).astype(np.int64)
    slope = np.zeros(own.shape, bool)
    for dy, dx in PAIRS:
        sides = [(y + 1 + sign * dy, x + 1 + sign * dx) for sign in (1, -1)]
        a, b = (around[at] for at in sides)
        shade_a, shade_b = (look(one).astype(np.int64) for one in (a, b))
        between = (np.minimum(shade_a, shade_b) - SLACK <= own_shade) & (
            own_shade <= np.maximum(shade_a, shade_b) + SLACK
        )
        slope |= (a != own) & (b != own) & (a != b) & between.all(axis=-1)
    return _counts(own), _counts(own[slope])


def _counts(codes: np.ndarray) -> dict[int, int]:
    values, counts = np.unique(codes, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
