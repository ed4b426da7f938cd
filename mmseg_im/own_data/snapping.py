# SPDX-License-Identifier: Apache-2.0
"""What becomes of the colours of soft edges: a main one, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .colours import SoftEdges, counts_of, near_to
from .masks import MaskFile, code_text

SHOWN, FEW = 12, 3


@dataclass(frozen=True)
class Snapped:
    """What becomes of colours that are no main ones.

    Attributes:
        near (dict[int, int]): The main colour that each colour close to one is meant for.
        rest (set[int]): All others: pixels of soft edges, to be ignored.
        kept (dict[int, int]): Pixels of each main colour, with those close to it.
        reason (str): How many pixels that are.
        note (str): Says so if more pixels are ignored than stay for all but the largest class.
    """

    near: dict[int, int]
    rest: set[int]
    kept: dict[int, int]
    reason: str
    note: str


def snap(pixels: Mapping[int, int], main: Sequence[int], nowhere: Sequence[int] = ()) -> Snapped:
    """Divides colours into those close to a main one and others.

    Args:
        pixels (Mapping[int, int]): Of each colour, 0xRRGGBB.
        main (Sequence[int]): The main colours.
        nowhere (Sequence[int]): Colours that lie between no main ones: they are named if ignored.
    """
    near = near_to(sorted(pixels.keys() - {*main}), main)
    rest = pixels.keys() - {*main} - near.keys()
    total = max(sum(pixels.values()), 1)
    kept = dict.fromkeys(main, 0)
    for code, count in pixels.items():
        if code not in rest:
            kept[near.get(code, code)] += count
    gone = sum(pixels[code] for code in rest)
    small = sum(kept.values()) - max(kept.values(), default=0)
    reason = (
        f'soft edges: {sum(pixels[code] for code in near) / total:.2%} of the pixels become the '
        f'closest of {len(main)} main colours, {gone / total:.2%} lie between them and are ignored '
        '(--snap-colours)'
    )
    strange = {code: pixels[code] for code in rest & {*nowhere}}
    if strange:
        reason += (
            f'; ignored though between no two of them: {_some(strange, total, True, FEW)}. If one '
            'is a class, name all: --classes NAME=COLOUR'
        )
    note = ''
    if gone > small:
        note = (
            f'{gone / total:.2%} of the pixels are ignored as soft edges (--snap-colours), more '
            f'than the {small / total:.2%} that stay for all classes but the largest: objects are '
            'thin. '
        ) + (
            'In place of it, --threshold makes 255 of 128 and above and ignores nothing.'
            if len(main) == 2 and all(is_gray(code) for code in pixels)
            else 'Masks without soft edges would keep them.'
        )
    return Snapped(near, rest, kept, reason, note)


def soft_edges_text(masks: Sequence[MaskFile], soft: SoftEdges, coloured: bool) -> str:
    """Says what the main colours are, and how to go on."""
    pixels = counts_of(masks)[0]
    total = sum(pixels.values())
    what = 'colour' if coloured else 'value'
    between = sum(pixels[code] for code in soft.blends) / total
    text = (
        f'The masks hold {len(pixels)} {what}s, and {len(soft.blends)} of them lie between others '
        f'or beside them at edges and cover {between:.2%} of the pixels: edges were drawn soft. '
    )
    gray = 1 if coloured else 0x010101
    moved = snap(
        {code * gray: count for code, count in pixels.items()}, [code * gray for code in soft.main]
    )
    kept = {code: moved.kept[code * gray] for code in soft.main}
    text += f'The main {what}s, with what is close to them, are {_some(kept, total, coloured)}. '
    if soft.nowhere:
        strange = {code: pixels[code] for code in soft.nowhere}
        text += f'Between no two of them lie {_some(strange, total, coloured, FEW)}. '
    gone = sum(pixels[code // gray] for code in moved.rest) / total
    snapped = (
        f'--snap-colours: what is close to a main {what} becomes it, and the rest, {gone:.2%} of '
        'the pixels, is ignored'
    )
    if moved.note:
        snapped += ', which is more than stays for all classes but the largest'
    low, high = min(soft.main), max(soft.main)
    if not coloured and len(soft.main) == 2 and low < 128 <= high:
        text += f'Add --threshold: 128 and above becomes 255, and what is less 0. Or {snapped}. '
    else:
        text += f'Add {snapped}. '
    return text + (f'If other {what}s are meant, name all of them: --classes NAME={what.upper()}.')


def is_gray(code: int) -> bool:
    """Whether red, green and blue of a colour are equal."""
    return code == (code & 255) * 0x010101


def _some(pixels: Mapping[int, int], total: int, coloured: bool, shown: int = SHOWN) -> str:
    """The most frequent codes with their shares."""
    codes = sorted(pixels, key=lambda code: -pixels[code])
    first = ', '.join(f'{code_text(c, coloured)} ({pixels[c] / total:.2%})' for c in codes[:shown])
    more = sum(pixels[code] for code in codes[shown:]) / total
    return first + (f' and {len(codes) - shown} more ({more:.2%})' if codes[shown:] else '')
