# SPDX-License-Identifier: Apache-2.0
"""Black and white masks with soft edges: which of their values become 255, and which 0."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..errors import UserError
from ..errors.wording import counted
from .colours import AREAS, NEAR, RARE_PIXELS, counts_of
from .masks import THRESHOLD, MaskFile

WHITE = 255


def thresholded(masks: Sequence[MaskFile], named: Collection[int] = ()) -> dict[int, int]:
    """Returns what becomes of each value that is neither 0 nor 255: from 128 on 255, else 0.

    Args:
        masks (Sequence[MaskFile]): All of one data set, of values.
        named (Collection[int]): Values that the user names; they stay as they are.

    Returns:
        dict[int, int]: Empty where masks hold ids alone, or nothing that is soft.

    Raises:
        UserError: If a value between fills areas: it was drawn; or if other values than 0 and 255
            are named.
    """
    pixels, inner, _ = counts_of(masks)
    between = pixels.keys() - {0, WHITE, *named}
    if not between or not THRESHOLD <= max(pixels) <= WHITE:
        return {}
    least = RARE_PIXELS * sum(pixels.values())
    drawn = sorted(v for v in between if inner[v] >= AREAS * pixels[v] and pixels[v] >= least)
    of_ids = [mask for mask in masks if holds_ids(mask) and not {*mask.counts} <= {0, *named}]
    ids = {v for mask in of_ids for v in mask.counts} - {0}
    if between <= ids:
        return {}  # nothing is soft: whether ids and 255 go together is asked elsewhere
    far = [v for v in drawn if NEAR < v < WHITE - NEAR]
    if far or of_ids:
        which = [mask for mask in masks if {*far} & mask.counts.keys()] if far else of_ids
        values = ', '.join(map(str, far or sorted(ids)))
        raise UserError(
            f'--threshold is for masks of black and white, and {counted(len(which), "mask")} (such '
            f'as {which[0].path.name}) have areas of {values}. '
            + (
                'If these are classes and edges are soft: --snap-colours.'
                if far
                else f'If {min(ids)} means what {WHITE} does in others: --classes background=0 '
                f'foreground={min(ids)}+{WHITE}.'
            )
        )
    if named and not {0, WHITE} <= {*named}:
        raise UserError(
            f'--threshold makes masks of 0 and {WHITE}, and --classes and --ignore name '
            f'{", ".join(map(str, sorted(named)))}. Name these two (--classes background=0 '
            f'foreground={WHITE}), or leave --threshold out.'
        )
    return {value: WHITE if value >= THRESHOLD else 0 for value in between}


def with_moved(mask: MaskFile, moved: Mapping[int, int]) -> MaskFile:
    """The mask as it counts after :func:`thresholded`."""
    counts: Counter = Counter()
    for value, count in mask.counts.items():
        counts[moved.get(value, value)] += count
    return replace(mask, counts=dict(counts), edges={}, slopes={})


def moved_text(masks: Sequence[MaskFile], moved: Mapping[int, int]) -> str:
    """Says how many pixels become black and white."""
    pixels, _, _ = counts_of(masks)
    shares = [
        sum(pixels[value] for value, to in moved.items() if to == target) / sum(pixels.values())
        for target in (WHITE, 0)
    ]
    return (
        f'soft edges: {shares[0]:.2%} of the pixels are {THRESHOLD} and more and become {WHITE}, '
        f'{shares[1]:.2%} are less and become 0 (--threshold)'
    )


def holds_ids(mask: MaskFile) -> bool:
    """Whether a mask fills areas with values of which none is white, as one of class ids does."""
    if max(mask.counts) >= THRESHOLD:
        return False
    return any(
        count - mask.edges.get(value, 0) >= max(AREAS * count, 1)
        for value, count in mask.counts.items()
        if value
    )


def is_soft(mask: MaskFile) -> bool:
    """Whether a mask is one of black and white, whose other values fill no areas."""
    if mask.coloured or mask.palette or not THRESHOLD <= max(mask.counts) <= WHITE:
        return False
    least = RARE_PIXELS * mask.size[0] * mask.size[1]
    return not any(
        NEAR < value < WHITE - NEAR
        and count >= least
        and count - mask.edges.get(value, 0) >= AREAS * count
        for value, count in mask.counts.items()
    )
