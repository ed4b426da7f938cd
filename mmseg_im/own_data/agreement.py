# SPDX-License-Identifier: Apache-2.0
"""Whether all masks mean the same by a value, an entry of a palette, or a gray."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..errors import UserError
from ..errors.wording import counted
from ..labels.spaces import IGNORE_INDEX
from .masks import MaskFile, as_colours, code_text, gray_code

SEVERAL = 2
LARGE = 40  # class ids are hardly ever so far apart


def check_white(masks: Sequence[MaskFile], mistakes: set[int], named: bool = False) -> str:
    """Refuses masks of which some mean by 255 what others mean by 1, or by "unknown".

    Args:
        masks (Sequence[MaskFile]): Of values.
        mistakes (set[int]): Values that do not count.
        named (bool): Whether the user names the values that are classes.

    Returns:
        str: What may be a disagreement, and is none where ignored pixels are; else empty.

    Raises:
        UserError: With examples of both groups, and how to go on.
    """
    masks = _without(masks, mistakes)
    low = sorted({value for mask in masks for value in mask.counts} - {IGNORE_INDEX})
    if _apart(masks, lambda value: value == IGNORE_INDEX):
        both = f'0 and {low[0]}' if len(low) == 1 else f'values up to {low[-1]}'
        remedy = (
            f'--classes background=0 foreground={low[0]}+{IGNORE_INDEX}'
            if len(low) == 1
            else f'--classes NAME=VALUE for each class, and NAME={low[0]}+{IGNORE_INDEX} for it'
        )
        raise UserError(
            _groups(masks, both, f'0 and {IGNORE_INDEX}', lambda v: v == IGNORE_INDEX)
            + f'. If {IGNORE_INDEX} is a class in the latter, name it: {remedy}. If it means '
            f'"unknown": --ignore {IGNORE_INDEX}.'
        )
    alone = [mask for mask in masks if {*mask.counts} == {IGNORE_INDEX}]
    beside = [mask for mask in masks if {*mask.counts} > {IGNORE_INDEX}]
    if not alone or not beside:
        return ''
    text = (
        f'{counted(len(alone), "mask")} with 0 and {IGNORE_INDEX} alone ({_names(alone)}), '
        f'{counted(len(beside), "mask")} with {_listed(low[:8])} beside {IGNORE_INDEX} '
        f'({_names(beside)}). If it is a class in the former and "unknown" in the latter, save the '
        f'former with the value of that class in its place ({low[0]}, for instance).'
    )
    if named or len(alone) < len(beside):  # images of background and unknown pixels are usual
        return text
    raise UserError(
        f'Masks disagree about what {IGNORE_INDEX} means: {text} If it means "unknown" in all: '
        f'--ignore {IGNORE_INDEX}.'
    )


def check_scaled(masks: Sequence[MaskFile], mistakes: set[int]) -> None:
    """Refuses masks of which some mean by 128 and 255, for instance, what others mean by 1 and 2.

    Args and errors: see :func:`check_white`.
    """
    masks = _without(masks, mistakes)
    values = {value for mask in masks for value in mask.counts}
    low = sorted(value for value in values if value < LARGE)
    high = sorted(values - set(low))
    ids = low == list(range(1, len(high) + 1)) and bool(high) and high[-1] > 100
    scaled = ids and all(abs(b - a * high[0]) <= a for a, b in zip(low, high, strict=True))
    if scaled and _apart(masks, lambda value: value >= LARGE):
        pairs = zip(low, high, strict=True)
        named = ' '.join(f'NAME{i}={a}+{b}' for i, (a, b) in enumerate(pairs, 1))
        raise UserError(
            _groups(masks, _listed([0, *low]), _listed([0, *high]), lambda v: v >= LARGE)
            + f'. If they mean the same: --classes background=0 {named}. If all are classes, name '
            'each: NAME=VALUE.'
        )


def counted_from_one(masks: Sequence[MaskFile]) -> str:
    """Returns a sentence if some masks seem to count their classes from 1 and others from 0.

    So it looks where several masks have neither 0 nor a class less than the others, but one more,
    and no mask has both the 0 and that class. A data set can be so by nature.
    """
    values = [{*mask.counts} - {IGNORE_INDEX} for mask in masks]
    top = max((max(v) for v in values if v), default=0)
    from_0 = [m for m, v in zip(masks, values, strict=True) if 0 in v and top not in v]
    from_1 = [m for m, v in zip(masks, values, strict=True) if v and 0 not in v]
    low = {value for mask in from_0 for value in mask.counts} - {IGNORE_INDEX}
    high = {value for mask in from_1 for value in mask.counts} - {IGNORE_INDEX}
    if (
        min(len(from_0), len(from_1)) < SEVERAL
        or len(from_0) + len(from_1) < len(masks)
        or high != {value + 1 for value in low}
    ):
        return ''
    return (
        f'{counted(len(from_0), "mask")} with {_listed(sorted(low))} ({_names(from_0)}), '
        f'{counted(len(from_1), "mask")} with {_listed(sorted(high))} ({_names(from_1)}), none '
        f'with both 0 and {top}: if the latter count the same classes from 1, subtract 1 from '
        'their values. Now each value is a class.'
    )


def check_grays(masks: Sequence[MaskFile]) -> None:
    """Refuses masks of class ids among masks of colours.

    Raises:
        UserError: With examples of both groups, and how to go on.
    """
    coloured = [mask for mask in masks if mask.coloured]
    known = {code for mask in coloured for code in mask.counts}
    others = [
        mask for mask in masks
        if not mask.coloured and not mask.palette and not set(as_colours(mask).counts) <= known
    ]  # fmt: skip
    if coloured and others:
        values = sorted({value for mask in others for value in mask.counts})
        raise UserError(
            'Masks disagree about what they hold: '
            f'{counted(len(coloured), "mask")} of colours ({_names(coloured)}), and '
            f'{counted(len(others), "mask")} of the values {_listed(values[:8])} '
            f'({_names(others)}), whose grays no other has. Save all as one kind, or name all '
            'colours: --classes NAME=COLOUR, where NAME=#ff0000+#010101 is two colours of one '
            'class.'
        )


def palettes_differ(masks: Sequence[MaskFile]) -> str:
    """Where an entry that pixels have is of two colours: a sentence; else an empty one."""
    first: dict[int, tuple[int, MaskFile]] = {}
    for mask in masks:
        for value in mask.counts if mask.palette else ():
            colour = gray_code(value, mask.palette)
            known, holder = first.setdefault(value, (colour, mask))
            if known != colour:
                return (
                    f'colours, because palettes differ: the entry {value} is '
                    f'{code_text(known, True)} in {holder.path.name} and '
                    f'{code_text(colour, True)} in {mask.path.name}'
                )
    return ''


def _without(masks: Sequence[MaskFile], mistakes: set[int]) -> list[MaskFile]:
    """The masks without 0 and mistakes."""
    return [
        replace(m, counts={v: n for v, n in m.counts.items() if v not in mistakes | {0}})
        for m in masks
    ]


def _apart(masks: Sequence[MaskFile], large: Callable[[int], bool]) -> bool:
    """Whether there are masks with large values and with others, and none with both."""
    kinds = [{large(value) for value in mask.counts} for mask in masks]
    return {True} in kinds and {False} in kinds and {True, False} not in kinds


def _groups(masks, low: str, high: str, large: Callable[[int], bool]) -> str:
    a = [mask for mask in masks if any(not large(value) for value in mask.counts)]
    b = [mask for mask in masks if any(large(value) for value in mask.counts)]
    return (
        f'Masks disagree about what their values mean: {counted(len(a), "mask")} with {low} '
        f'({_names(a)}), {counted(len(b), "mask")} with {high} ({_names(b)}), none with both'
    )


def _names(masks: Sequence[MaskFile]) -> str:
    return 'such as ' + ', '.join(mask.path.name for mask in masks[:3])


def _listed(values: Sequence[int]) -> str:
    return ', '.join(map(str, values))
