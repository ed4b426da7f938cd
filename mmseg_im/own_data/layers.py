# SPDX-License-Identifier: Apache-2.0
"""What the masks of one image hold where each class has a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from ..errors import UserError
from .masks import MaskFile, inspect_mask, read_codes


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
    """

    paths: dict[str, Path]
    size: tuple[int, int]
    counts: dict[str, int]
    uncovered: int
    overlaps: dict[tuple[str, str], int]
    plain: bool


def inspect_layers(paths: Mapping[str, Path], threshold_jpeg: bool = False) -> Layers:
    """Reads the masks of one image, one for each class: 0 = absent, one other value = present.

    Args:
        paths (Mapping[str, Path]): The file of each class.
        threshold_jpeg (bool): See :func:`~.masks.inspect_mask`.

    Raises:
        UserError: If one cannot be decoded, they differ in size, or one has a third value.
    """
    masks = {cls: inspect_mask(path, threshold_jpeg) for cls, path in paths.items()}
    first = next(iter(masks.values()))
    for mask in masks.values():
        _check(mask, first)
    maps = read_layers(paths)
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
        all(mask.plain and not mask.palette for mask in masks.values()),
    )


def read_layers(paths: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """(H, W) bool for each class."""
    return {cls: read_codes(path, coloured=False) > 0 for cls, path in paths.items()}


def _check(mask: MaskFile, first: MaskFile) -> None:
    if mask.size != first.size:
        raise UserError(f'{mask.path} has the size {mask.size} and {first.path} {first.size}.')
    present = sorted(code for code in mask.counts if code)
    if len(present) > 1:
        shown = ', '.join(str(code) for code in present[:5]) + (', ...' if present[5:] else '')
        raise UserError(
            f'{mask.path} holds {len(present)} values besides 0 ({shown}); the mask of one class '
            'has one.'
        )
