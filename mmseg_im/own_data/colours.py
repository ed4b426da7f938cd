# SPDX-License-Identifier: Apache-2.0
"""Colours of soft edges: which colours of masks were drawn, and which only lie between them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from .masks import MaskFile, as_colours

INNER = 0.02  # a colour was drawn if this share of its pixels is inside of an area of it
ON_SLOPE = 0.5  # most pixels of a blend lie on a slope, and few of a colour that was drawn
PEAKS = 0.1  # of a blend, unless lines are so thin that it is their middle
MAIN_PIXELS = 0.01  # a colour with this share of all pixels says nothing of soft edges
RARE_PIXELS = 0.001  # one with less, that lies nowhere between two, is where three meet
AREAS = 0.2  # share of pixels inside of areas, where these are no bands of noise
ON_LINE = 12.0  # levels by which rounding and gamma move a blend off the line
BEYOND = 0.15  # of the length of a line: how far sharp filters swing beyond its ends
NEAR = 16  # levels in each channel within which a colour is meant for a main one
FEWEST = 3
MOST = 254  # classes
FEW = 40  # main colours, up to which each is compared with the lines of all others
STRAY, STRAYS = 9, 1e-5  # pixels in all masks, and their share, that a blend has by chance
ALIKE = 0.95  # of the most pixels that an end of lines explains
ENDS, OTHERS = 32, 2000  # the most frequent and farthest colours, among which ends are looked for


@dataclass(frozen=True)
class SoftEdges:
    """Colours of masks whose edges are soft.

    Attributes:
        main (tuple[int, ...]): What was drawn, the most frequent first.
        blends (frozenset[int]): All others.
        nowhere (frozenset[int]): Those of them that are rare, and lie between no two main ones.
    """

    main: tuple[int, ...]
    blends: frozenset[int]
    nowhere: frozenset[int]


def soft_edges(masks: Sequence[MaskFile], drawn: Collection[int] = ()) -> SoftEdges | None:
    """Returns the colours of soft edges; None where edges are not soft.

    A colour was drawn if some of its pixels have none but their like around them, or if it is the
    end of a line on which other colours lie (the middle of thin objects). All others that lie on
    such lines, and on slopes of the mask, are blends; so are colours close to a drawn one and rare
    ones that lie nowhere. Edges are soft if there are three blends of the first kind.

    Args:
        masks (Sequence[MaskFile]): Of colours.
        drawn (Collection[int]): Colours that were surely drawn, 0xRRGGBB.
    """
    pixels, inner, slopes = counts_of(masks)
    total = max(sum(pixels.values()), 1)
    if sum(slopes[c] >= ON_SLOPE * pixels[c] for c in slopes) < FEWEST:
        return None
    main = list(drawn)
    for code, count in inner.most_common():
        areas = count >= INNER * pixels[code] and slopes[code] < ON_SLOPE * pixels[code]
        if areas and code not in main and not _is_close(code, main):
            main.append(code)
    if len(main) > MOST:  # too many classes, whatever the edges are
        return None
    if len(main) <= FEW:
        main = [
            code for i, code in enumerate(main)
            if code in drawn or not i or not _near([code], main[:i])[0]
        ]  # fmt: skip
    main = main or [code for code, _ in pixels.most_common(1)]
    peaks = {code for code in pixels if slopes[code] < ON_SLOPE * pixels[code]}
    main += _ends(main, pixels, peaks)
    rest = [code for code, _ in pixels.most_common() if code not in main]
    near, between = _near(rest, main), _between(rest, main)
    blends, nowhere, sure = set(), set(), 0
    for i, code in enumerate(rest):
        on_slope = slopes[code] >= PEAKS * pixels[code]
        rare = pixels[code] < RARE_PIXELS * total
        if near[i] or (between[i] and (on_slope or rare or _has_like(code, rest))):
            blends.add(code)
            is_slope = slopes[code] >= ON_SLOPE * pixels[code]
            sure += between[i] and not near[i] and is_slope and pixels[code] < MAIN_PIXELS * total
        elif rare and (on_slope or pixels[code] <= max(STRAY, STRAYS * total)):
            nowhere.add(code)
        else:
            main.append(code)
    if sure < FEWEST:
        return None
    main.sort(key=lambda code: -pixels[code])
    return SoftEdges(tuple(main), frozenset(blends | nowhere), frozenset(nowhere))


def soft_values(masks: Sequence[MaskFile]) -> SoftEdges | None:
    """Returns the values of soft edges between grays, as :func:`soft_edges` does of colours.

    None for palettes, for 16 bits, and where two values that fill areas are close: they are ids.

    Args:
        masks (Sequence[MaskFile]): Of values.
    """
    pixels, inner, _ = counts_of(masks)
    areas = sorted(v for v in inner if inner[v] >= max(AREAS * pixels[v], 1))
    close = any(b - a <= NEAR for a, b in pairwise(areas))
    if close or any(mask.palette for mask in masks) or max(pixels, default=0) > 255:
        return None
    found = soft_edges([as_colours(mask) for mask in masks])
    return found and SoftEdges(
        tuple(code & 255 for code in found.main),
        *(frozenset(code & 255 for code in codes) for codes in (found.blends, found.nowhere)),
    )


def counts_of(masks: Sequence[MaskFile]) -> tuple[Counter, Counter, Counter]:
    """Pixels of each code in all masks: all, those that touch no other code, those on slopes."""
    pixels: Counter = Counter()
    edges: Counter = Counter()
    slopes: Counter = Counter()
    for mask in masks:
        pixels.update(mask.counts)
        edges.update(mask.edges)
        slopes.update(mask.slopes)
    return pixels, pixels - edges, slopes


def near_to(codes: Sequence[int], main: Sequence[int]) -> dict[int, int]:
    """The main colour that each colour is meant for which is close to one or swings beyond it."""
    if not codes or not main:
        return {}
    far = np.stack([abs(_channels(codes) - one).max(axis=1) for one in _channels(main)], axis=1)
    found = {
        code: main[int(row.argmin())]
        for code, row in zip(codes, far, strict=True)
        if row.min() <= NEAR
    }
    others = [code for code in codes if code not in found]
    for pair in combinations(main, 2):
        part, off = _on_line(others, pair)
        for end, beyond in zip(pair, (part <= 0, part >= 1), strict=True):
            for at in np.flatnonzero(beyond & (off <= ON_LINE)):
                found.setdefault(others[at], end)
    return found


def _ends(main: Sequence[int], pixels: Mapping[int, int], peaks: Collection[int]) -> list[int]:
    """Colours that no area has, but on whose lines to main ones many others lie.

    The one first that explains the most pixels: the very end of a line; of those that explain about
    as many a pure colour, or else the one with most pixels close to it. It is on no slope itself.
    If there is but one main colour, the second may be as it likes, and rare.
    """
    order = sorted(pixels.keys() - set(main), key=lambda code: -pixels[code])[:OTHERS]
    ends: list[int] = []
    while True:
        known = [*main, *ends]
        explained = _near(order, known) | _between(order, known)
        order = [code for code, done in zip(order, explained, strict=True) if not done]
        if not order:
            return ends
        count = np.array([pixels[code] for code in order])
        far = np.min(
            [np.linalg.norm(_channels(order) - one, axis=1) for one in _channels(known)], 0
        )
        scores = [
            (int(count[_near(order, [end]) | _between(order, known, end)].sum()), end)
            for end in {*order[:ENDS], *(order[i] for i in np.argsort(-far, kind='stable')[:ENDS])}
            if end in peaks or len(known) == 1
        ]
        if not scores:
            return ends
        best = max(score for score, _ in scores)
        good = [end for score, end in scores if score >= ALIKE * best]
        end = max(sorted(good), key=lambda end: (
            {end >> 16, end >> 8 & 255, end & 255} <= {0, 255}, count[_near(order, [end])].sum()
        ))  # fmt: skip
        if best < RARE_PIXELS * sum(pixels.values()) and len(known) > 1:
            return ends
        ends.append(end)


def _is_close(code: int, others: Sequence[int]) -> bool:
    """Whether a colour is within ``NEAR`` levels of one of others."""
    if not others:
        return False
    return bool((abs(_channels(others) - _channels([code])).max(axis=1) <= NEAR).any())


def _has_like(code: int, others: Sequence[int]) -> bool:
    """Whether another colour is close, as on the ridge of a thin line."""
    return int((abs(_channels(others) - _channels([code])).max(axis=1) <= NEAR).sum()) > 1


def _near(codes: Sequence[int], main: Sequence[int]) -> np.ndarray:
    """(N,) bool: which colours are close to a main one."""
    known = near_to(codes, main)
    return np.array([code in known for code in codes], bool)


def _between(codes: Sequence[int], main: Sequence[int], end: int | None = None) -> np.ndarray:
    """(N,) bool: which colours lie on a line of two main ones, or of one and ``end``."""
    found = np.zeros(len(codes), bool)
    for pair in combinations(main, 2) if end is None else ((one, end) for one in main):
        part, off = _on_line(codes, pair)
        found |= np.isfinite(part) & (off <= ON_LINE)
    return found


def _on_line(codes: Sequence[int], pair: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Where on the way between two colours each lies, and how many levels beside it; (N,) each.

    The first is NaN so far beyond the ends that no filter swings there.
    """
    a, b = _channels(pair)
    line, points = b - a, _channels(codes) - a
    part = points @ line / (line @ line)
    off = np.linalg.norm(points - part[:, None] * line, axis=1)
    return np.where((part > -BEYOND) & (part < 1 + BEYOND), part, np.nan), off


def _channels(codes: Sequence[int]) -> np.ndarray:
    """(N, 3) float of red, green, blue."""
    packed = np.array(codes, np.int64).reshape(-1, 1)
    return (packed >> np.array((16, 8, 0)) & 255).astype(float)
