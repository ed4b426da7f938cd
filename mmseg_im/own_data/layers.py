# SPDX-License-Identifier: Apache-2.0
"""What the masks of one image hold where each class has a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from ..errors import UserError
from .colours import STRAY
from .masks import THRESHOLD, MaskFile, inspect_mask, read_codes
from .threshold import holds_ids, is_soft

ONE_VALUE = 'the mask of one class has one.'


@dataclass(frozen=True)
class Layers:
    """Masks that can be decoded and have one size.

    Attributes:
        paths (dict[str, Path]): The file of each class.
        size (tuple[int, int]): Height and width in pixels.
        counts (dict[str, int]): Pixels of each class.
        uncovered (int): Pixels of no class.
        overlaps (dict[tuple[str, str], int]): Pixels that two classes share, where they do.
        plain (bool): Whether ``LoadMultiLabelAnnotations`` can read all files as they are.
        least (dict[str, int]): The least value of each class that means present.
    """

    paths: dict[str, Path]
    size: tuple[int, int]
    counts: dict[str, int]
    uncovered: int
    overlaps: dict[tuple[str, str], int]
    plain: bool
    least: Mapping[str, int] = field(default_factory=dict)


def inspect_layers(paths: Mapping[str, Path], threshold: bool = False) -> Layers:
    """Reads the masks of one image, one for each class: 0 = absent, one other value = present.

    Args:
        paths (Mapping[str, Path]): The file of each class.
        threshold (bool): Whether masks may be lossy or have soft edges; from 128 on, a value then
            means present.

    Raises:
        UserError: If one cannot be decoded, they differ in size, or one has a third value.
    """
    masks = {cls: inspect_mask(path, threshold) for cls, path in paths.items()}
    first = next(iter(masks.values()))
    least = {cls: _least(mask, first, threshold) for cls, mask in masks.items()}
    maps = read_layers(paths, least)
    overlaps = {}
    for a, b in combinations(paths, 2):
        shared = int((maps[a] & maps[b]).sum())
        if shared:
            overlaps[a, b] = shared
    return Layers(
        dict(paths),
        first.size,
        {cls: int(there.sum()) for cls, there in maps.items()},
        int((~np.any(list(maps.values()), axis=0)).sum()),
        overlaps,
        all(mask.plain and not mask.palette and least[c] == 1 for c, mask in masks.items()),
        least,
    )


def read_layers(paths: Mapping[str, Path], least: Mapping[str, int]) -> dict[str, np.ndarray]:
    """(H, W) bool for each class."""
    return {cls: read_codes(path, coloured=False) >= least[cls] for cls, path in paths.items()}


def _least(mask: MaskFile, first: MaskFile, threshold: bool) -> int:
    """The least value that means present."""
    if mask.size != first.size:
        raise UserError(f'{mask.path} has the size {mask.size} and {first.path} {first.size}.')
    present = sorted(code for code in mask.counts if code)
    if threshold and not mask.coloured and present and present != [1] and present != [255]:
        faint = present[-1] < THRESHOLD and not mask.palette and not holds_ids(mask)
        few = not present[1:] and mask.counts[present[0]] <= STRAY  # more of one value is drawn
        if (faint and (few or present[1:])) or (present[1:] and is_soft(mask)):
            return THRESHOLD
    if len(present) > 1:
        shown = ', '.join(str(code) for code in present[:5]) + (', ...' if present[5:] else '')
        remedy = ONE_VALUE
        if is_soft(mask) and not threshold:
            remedy = f'if its edges are soft, read {THRESHOLD} and above as present: --threshold.'
        raise UserError(f'{mask.path} holds {len(present)} values besides 0 ({shown}); {remedy}')
    return 1
