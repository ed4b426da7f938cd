# SPDX-License-Identifier: Apache-2.0
"""Which codes of masks are classes, which are ignored, and which are mistakes."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX
from .masks import MaskFile, code_text, parse_code

STRAY_PIXELS = 0.001
STRAY_MASKS = 0.05
BETWEEN_PIXELS = 0.05


def total_pixels(masks: Sequence[MaskFile]) -> Counter:
    """Pixels of each code in all masks."""
    pixels: Counter = Counter()
    for mask in masks:
        pixels.update(mask.counts)
    return pixels


def stray_codes(masks: Sequence[MaskFile], candidates: Collection[int]) -> set[int]:
    """Codes that are surely mistakes.

    A code is one if in no mask it covers more than 0.1 % of the pixels, and at most one mask in
    twenty holds it (with fewer than twenty masks: one of three or more).
    """
    holders: Counter = Counter()
    largest: dict[int, float] = defaultdict(float)
    for mask in masks:
        area = mask.size[0] * mask.size[1]
        for code, count in mask.counts.items():
            holders[code] += 1
            largest[code] = max(largest[code], count / area)
    few = max(STRAY_MASKS * len(masks), 1 if len(masks) > 2 else 0)
    return {c for c in candidates if largest[c] <= STRAY_PIXELS and holders[c] <= few}


def codes_between(pixels: Counter, coloured: bool) -> set[int]:
    """The grays between 0 and 255 where a mask of 0 and 255 was resized with interpolation.

    Three or more of them, which hold at most 5 % of the pixels together, and none of them a tenth
    of what 255 holds.
    """
    between = set(pixels) - {0, IGNORE_INDEX}
    share = sum(pixels[code] for code in between) / max(sum(pixels.values()), 1)
    is_edge = (
        not coloured
        and len(between) > 2
        and pixels[0] > 0
        and share <= BETWEEN_PIXELS
        and max(pixels[code] for code in between) * 10 < pixels[IGNORE_INDEX]
    )
    return between if is_edge else set()


def ignored_codes(
    pixels: Counter, given: Sequence[str] | None, mistakes: set[int], coloured: bool
) -> tuple[set[int], str]:
    """Codes that mean "unknown", and why.

    Args:
        pixels (Counter): Of each code.
        given (Sequence[str], optional): Values or colours of ``--ignore``.
        mistakes (set[int]): Codes that do not count.
        coloured (bool): Whether codes are colours.
    """
    if given:
        return {parse_code(text, coloured) for text in given}, (
            f'ignored: {", ".join(given)}, because of --ignore'
        )
    if coloured:
        return set(), 'ignored: nothing, because no colour says so (--ignore)'
    if IGNORE_INDEX not in pixels:
        return set(), 'ignored: nothing, because no mask holds 255 (--ignore)'
    if set(pixels) - mistakes <= {0, IGNORE_INDEX}:
        return set(), 'ignored: nothing, because beside 0 there is only 255: it is the foreground'
    return {IGNORE_INDEX}, (
        'ignored: 255, because that is its meaning in MMSegmentation and other values are there'
    )


def parse_classes(
    classes: Sequence[str] | None, coloured: bool
) -> tuple[list[str] | None, list[int] | None, dict[int, int]]:
    """Reads ``NAME``, ``NAME=VALUE_OR_COLOUR`` or ``NAME=VALUE+VALUE`` for each class.

    Returns:
        tuple: Names and codes, as far as given (of several codes the first), and for each further
        code the first one of its class.

    Raises:
        UserError: If only some have a code, or a name or code occurs twice.
    """
    if not classes:
        return None, None, {}
    pairs = [text.rpartition('=')[::2] if '=' in text else (text, '') for text in classes]
    names = [name for name, _ in pairs]
    given = [
        [parse_code(text, coloured) for text in codes.split('+')] for _, codes in pairs if codes
    ]
    if given and len(given) < len(pairs):
        raise UserError('--classes: give a value or colour for all classes or for none.')
    for what, items in (('name', names), ('value', [code for codes in given for code in codes])):
        twice = [str(item) for item, count in Counter(items).items() if count > 1]
        if twice:
            raise UserError(
                f'--classes: the {what} {twice[0]} is given twice. Several values of one class are '
                'written NAME=VALUE+VALUE.'
            )
    if not all(names):
        raise UserError('--classes: a name is empty.')
    also = {code: codes[0] for codes in given for code in codes[1:]}
    return names, [codes[0] for codes in given] or None, also


def named_codes(
    classes: Sequence[str] | None, ignore: Sequence[str] | None, coloured: bool
) -> set[int]:
    """Codes that a user names as classes, or as ignored."""
    _, codes, also = parse_classes(classes, coloured)
    return {*(codes or ()), *also, *(parse_code(text, coloured) for text in ignore or ())}


def class_codes(
    names: list[str] | None, found: list[int], coloured: bool
) -> tuple[list[str] | None, list[int], str]:
    """Names (as far as known), codes in the order of the classes, and why.

    Args:
        names (list[str], optional): Of ``--classes``.
        found (list[int]): Codes that are neither ignored nor mistakes, sorted.
        coloured (bool): Whether codes are colours.

    Raises:
        UserError: If the number of names and that of colours differ.
    """
    if names and len(names) == 1 and 0 in found:
        names = ['background', *names]
    if names is None:
        return (
            None,
            found,
            (
                f'classes: {len(found)}, because the masks hold so many '
                f'{"colours" if coloured else "values"}: {codes_text(found, coloured)} (--classes)'
            ),
        )
    if len(names) == len(found):
        pairs = ', '.join(
            f'{name} = {code_text(code, coloured)}' for name, code in zip(names, found, strict=True)
        )
        return (
            names,
            found,
            (
                f'classes: {pairs}, because as many names were given as there are '
                f'{"colours, in the order of their numbers" if coloured else "values"}'
            ),
        )
    if coloured:
        raise UserError(
            f'--classes names {len(names)} classes, and the masks hold {len(found)} colours: '
            f'{codes_text(found, coloured)}. Give each class its colour: NAME=#rrggbb.'
        )
    return (
        names,
        list(range(len(names))),
        (f'classes: the values 0 to {len(names) - 1}, because {len(names)} names were given'),
    )


def codes_text(codes: Sequence[int], coloured: bool) -> str:
    """The first codes of many."""
    shown = ', '.join(code_text(code, coloured) for code in codes[:12])
    return shown + (', ...' if len(codes) > 12 else '')
