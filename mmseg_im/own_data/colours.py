# SPDX-License-Identifier: Apache-2.0
"""Colours of soft edges: which colours of masks were drawn, and which only lie between them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from .masks import MaskFile, as_colours, code_text

MAIN_PIXELS = 0.01  # a colour with this share of all pixels was drawn
RARE_PIXELS = 0.001  # one with less, that lies nowhere between two, is where three meet
ON_LINE = 12.0  # levels by which rounding and gamma move a blend off the line
NEAR = 16  # levels in each channel within which a colour is meant for a main one
FEWEST = 3


def blends_of(masks: Sequence[MaskFile], drawn: Collection[int] = ()) -> set[int]:
    """Returns the colours of soft edges; empty where edges are not soft.

    A colour is a blend if it has less than 1 % of all pixels, lies between two drawn colours, and
    is in no mask without both. If there are three of them or more, so are rare colours close to a
    drawn one (which sharper filters make), and colours with less than 0.1 % that lie nowhere.

    Args:
        masks (Sequence[MaskFile]): Of colours.
        drawn (Collection[int]): Colours that were surely drawn, 0xRRGGBB.
    """
    pixels: Counter = Counter()
    for mask in masks:
        pixels.update(mask.counts)
    total = max(sum(pixels.values()), 1)
    sure = _apart(_frequent(pixels), drawn)
    possible = sure | {c for c, count in pixels.items() if count >= RARE_PIXELS * total}
    beside = _beside(masks, set(pixels) - sure, possible)
    main = [code for code, _ in pixels.most_common() if code in sure]
    between, other = set(), set()
    for code, count in pixels.most_common():
        if code in sure:
            continue
        ends = [end for end in main if end in beside[code]]
        if ends and _is_close(code, ends):
            other.add(code)
        elif _is_between(code, ends):
            between.add(code)
        elif count >= RARE_PIXELS * total:
            main.append(code)
        else:
            other.add(code)
    return between | other if len(between) >= FEWEST else set()


def blends_of_values(masks: Sequence[MaskFile]) -> set[int]:
    """Returns the values of soft edges between grays, as :func:`blends_of` does of colours.

    Empty for palettes, for 16 bits, and where two frequent values are close: they are class ids.

    Args:
        masks (Sequence[MaskFile]): Of values.
    """
    pixels: Counter = Counter()
    for mask in masks:
        pixels.update(mask.counts)
    close = any(b - a <= NEAR for a, b in pairwise(sorted(_frequent(pixels))))
    if close or any(mask.palette for mask in masks) or max(pixels, default=0) > 255:
        return set()
    return {code & 255 for code in blends_of([as_colours(mask) for mask in masks])}


@dataclass(frozen=True)
class Snapped:
    """What becomes of colours that are no main ones.

    Attributes:
        near (dict[int, int]): The main colour that each colour close to one is meant for.
        rest (set[int]): All others: pixels of soft edges, to be ignored.
        reason (str): How many pixels that are.
    """

    near: dict[int, int]
    rest: set[int]
    reason: str


def snap(pixels: Mapping[int, int], main: Sequence[int]) -> Snapped:
    """Divides colours into those close to a main one and others.

    Args:
        pixels (Mapping[int, int]): Of each colour, 0xRRGGBB.
        main (Sequence[int]): The main colours.
    """
    targets = _channels(main)
    near: dict[int, int] = {}
    rest = set()
    for code in pixels.keys() - set(main):
        distance = abs(targets - _channels([code])).max(axis=1)
        if distance.min() <= NEAR:
            near[code] = main[int(distance.argmin())]
        else:
            rest.add(code)
    total = max(sum(pixels.values()), 1)
    moved, gone = (sum(pixels[code] for code in codes) / total for codes in (near, rest))
    return Snapped(near, rest, (
        f'soft edges: {moved:.2%} of the pixels become the closest of {len(main)} main colours, '
        f'{gone:.2%} lie between them and are ignored (--snap-colours)'
    ))  # fmt: skip


def soft_edges_text(masks: Sequence[MaskFile], blends: set[int], coloured: bool = True) -> str:
    """Says what the main colours are, and how to go on."""
    pixels: Counter = Counter()
    for mask in masks:
        pixels.update(mask.counts)
    total = sum(pixels.values())
    main = [(code, count) for code, count in pixels.most_common() if code not in blends]
    shown = ', '.join(
        f'{code_text(code, coloured)} ({count / total:.1%})' for code, count in main[:12]
    )
    between = sum(pixels[code] for code in blends) / total
    what = 'colour' if coloured else 'value'
    return (
        f'The masks hold {len(pixels)} {what}s, and {len(blends)} of them lie between others at '
        f'edges and cover {between:.2%} of the pixels: edges were drawn soft. The main {what}s are '
        f'{shown}{", ..." if main[12:] else ""}. Add --snap-colours: what is close to a main '
        f'{what} becomes it, and the rest is ignored. If other {what}s are meant, name all of '
        f'them: --classes NAME={what.upper()}.'
    )


def _beside(masks: Sequence[MaskFile], rare: set[int], ends: set[int]) -> dict[int, set[int]]:
    """For each rare colour, the ends that every mask has which has it."""
    beside: dict[int, set[int]] = {}
    for mask in masks:
        here = mask.counts.keys() & ends
        for code in mask.counts.keys() & rare:
            beside[code] = beside.get(code, here) & here
    return beside


def _frequent(pixels: Counter) -> list[int]:
    """Codes with at least 1 % of the pixels, the most frequent first."""
    total = max(sum(pixels.values()), 1)
    return [code for code, count in pixels.most_common() if count >= MAIN_PIXELS * total]


def _apart(codes: Sequence[int], drawn: Collection[int]) -> set[int]:
    """The drawn colours, and those that are not close to one or to an earlier one of ``codes``."""
    sure = set(drawn)
    for code in codes:
        if code not in sure and not (sure and _is_close(code, list(sure))):
            sure.add(code)
    return sure


def _is_close(code: int, others: Sequence[int]) -> bool:
    return bool((abs(_channels(others) - _channels([code])).max(axis=1) <= NEAR).any())


def _is_between(code: int, others: Sequence[int]) -> bool:
    if len(others) < 2:
        return False
    colours = _channels(others)
    a, b = (colours[list(i)] for i in zip(*combinations(range(len(others)), 2), strict=True))
    line, point = b - a, _channels([code]) - a
    part = (line * point).sum(axis=1) / (line**2).sum(axis=1)
    off = np.linalg.norm(point - part[:, None] * line, axis=1)
    return bool(((part > 0) & (part < 1) & (off <= ON_LINE)).any())


def _channels(codes: Sequence[int]) -> np.ndarray:
    """(N, 3) float of red, green, blue."""
    return np.array([(code >> 16, code >> 8 & 255, code & 255) for code in codes], float)
