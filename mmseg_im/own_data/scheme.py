# SPDX-License-Identifier: Apache-2.0
"""Guesses of the label space and the classes, each with its reason."""

import colorsys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX
from .agreement import check_grays, check_scaled, check_white, palettes_differ
from .colours import soft_edges, soft_values
from .mask_codes import (
    class_codes,
    codes_between,
    codes_text,
    ignored_codes,
    named_codes,
    parse_classes,
    stray_codes,
    total_pixels,
)
from .masks import MaskFile, as_colours
from .snapping import snap, soft_edges_text
from .threshold import moved_text, thresholded, with_moved

MAX_CLASSES = 254
BACKGROUND = (40, 40, 40)


@dataclass(frozen=True)
class Scheme:
    """How masks become annotations.

    Attributes:
        label_space (str): ``multiclass``, ``binary`` or ``multilabel``.
        kind (str): ``values``, ``colours`` or ``folders`` of the masks.
        names (tuple[str, ...]): The classes in the order of their ids.
        codes (tuple[int, ...]): Their codes in the masks; empty for folders.
        ignore (frozenset[int]): Codes that become 255.
        palette (tuple[tuple[int, int, int], ...]): A colour (red, green, blue) for each class.
        reasons (tuple[str, ...]): What was guessed or given, and why.
        also (dict[int, int]): Further codes of classes, each with the one in ``codes``.
        notes (tuple[str, ...]): What the user should do something about.
    """

    label_space: str
    kind: str
    names: tuple[str, ...]
    codes: tuple[int, ...]
    ignore: frozenset[int]
    palette: tuple[tuple[int, int, int], ...]
    reasons: tuple[str, ...]
    also: Mapping[int, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def class_of(self) -> dict[int, int]:
        """dict[int, int]: The id of each code that is a class."""
        ids = {code: i for i, code in enumerate(self.codes)}
        return ids | {code: ids[main] for code, main in self.also.items()}


def scheme_of_masks(
    masks: Sequence[MaskFile],
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label_space: str | None = None,
    snap_colours: bool = False,
    threshold: bool = False,
) -> Scheme:
    """The scheme of masks of values or colours.

    Args:
        masks (Sequence[MaskFile]): All that can be decoded.
        classes (Sequence[str], optional): ``NAME`` or ``NAME=VALUE_OR_COLOUR`` for each class.
        ignore (Sequence[str], optional): Values or colours.
        label_space (str, optional): In place of the guess.
        snap_colours (bool): Whether edges are soft: what is close to a main colour becomes it, and
            other blends are ignored. All masks are then read as colours.
        threshold (bool): Whether masks of black and white have no other values: from 128 on 255.

    Raises:
        UserError: If there are more than 254 classes, fewer than two, masks disagree, or the
            arguments do not fit.
    """
    moved: dict[int, int] = {}
    if threshold and not any(mask.coloured or mask.palette for mask in masks):
        moved = thresholded(masks, named_codes(classes, ignore, False))
    snap_colours = snap_colours and not moved
    difference = palettes_differ(masks)
    coloured = any(mask.coloured for mask in masks) or bool(difference) or snap_colours
    kind = 'colours' if coloured else 'values'
    names, codes, also = parse_classes(classes, coloured)
    if coloured and codes is None:
        check_grays(masks)
    reasons = [f'masks: {difference or _mask_kind(masks, snap_colours)}']
    palette_of = next((mask.palette for mask in masks if mask.palette), ())
    masks = [as_colours(mask) for mask in masks] if coloured else masks
    edge: Collection[int] = ()
    notes: tuple[str, ...] = ()
    if moved:
        reasons.append(moved_text(masks, moved))
        masks = [with_moved(mask, moved) for mask in masks]
    pixels = total_pixels(masks)
    if coloured:
        named = named_codes(classes, ignore, True)
        soft = soft_edges(masks, named)
        if soft and not snap_colours and codes is None:
            raise UserError(soft_edges_text(masks, soft, coloured))
        if snap_colours:
            drawn = soft.main if soft else tuple(pixels)
            snapped = snap(
                pixels, sorted(named if codes else drawn), [*drawn, *(soft.nowhere if soft else ())]
            )
            reasons.append(snapped.reason)
            notes = (snapped.note,) if snapped.note else ()
            moved, edge = snapped.near, snapped.rest
    also |= {code: also.get(target, target) for code, target in moved.items()}
    mistakes = set() if snap_colours else (
        codes_between(pixels, coloured) or stray_codes(masks, pixels)
    )  # fmt: skip
    if not coloured and not ignore and IGNORE_INDEX not in {*(codes or ()), *also}:
        doubt = check_white(masks, mistakes, named=codes is not None)
        if doubt:
            reasons.append(f'{IGNORE_INDEX}: {doubt}')
    if codes is None and not coloured:
        if not ignore:
            check_scaled(masks, mistakes)
        soft = None if codes_between(pixels, coloured) else soft_values(masks)
        if soft:
            raise UserError(soft_edges_text(masks, soft, coloured))
    ignored, reason = ignored_codes(pixels, ignore, mistakes, coloured)
    ignored -= {*(codes or ()), *also}
    reasons.append(reason)
    also = {code: target for code, target in also.items() if target not in ignored}
    ignored |= {code for code, target in moved.items() if target in ignored}.union(edge)
    if codes is None:
        found = sorted(set(pixels) - ignored - mistakes - set(also))
        names, codes, reason = class_codes(names, found, coloured)
        unnamed = set(found) - set(codes)
        if unnamed and all(unnamed & mask.counts.keys() for mask in masks):
            raise UserError(
                f'--classes names {len(codes)} classes, which are then the values 0 to '
                f'{len(codes) - 1}, and every mask holds others: '
                f'{codes_text(sorted(unnamed), coloured)}. Give each class its value: NAME=VALUE.'
            )
        reasons.append(reason)
        mistakes -= ignored | set(codes)
        if mistakes:
            reasons.append(
                f'mistakes: {codes_text(sorted(mistakes), coloured)}, because so few pixels of so '
                'few masks hold them, or they lie between 0 and 255 at edges (--classes, or '
                '--threshold for soft edges)'
            )
    else:
        reasons.append('classes: as given, each with its value or colour')
    check_number(codes)
    space, reason = _space(codes, label_space)
    reasons.append(reason)
    if names is None:
        names = _default_names(space, len(codes))
    check_names(names)
    palette = palette_for(len(codes))
    if coloured:
        palette = tuple(_rgb(code) for code in codes)
    elif len({palette_of[c] for c in codes if c < len(palette_of)}) == len(codes):
        palette = tuple(_rgb(palette_of[code]) for code in codes)
    return Scheme(
        space,
        kind,
        tuple(names),
        tuple(codes),
        frozenset(ignored),
        palette,
        tuple(reasons),
        also,
        notes,
    )


def palette_for(count: int) -> tuple[tuple[int, int, int], ...]:
    """Colours that differ, most of all those of neighbours: a dark gray, then hues.

    Three neighbours lie in three thirds of the circle of hues; hues that are close differ in how
    bright they are.
    """
    hues = count - 1
    step = -(-hues // 3)
    order = [i for first in range(step) for i in range(first, hues, step)]
    colours = [colorsys.hsv_to_rgb(0.07 + i / hues, 0.75, (0.9, 0.6)[i % 2]) for i in order]
    return (BACKGROUND, *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in colours))


def _mask_kind(masks: Sequence[MaskFile], snap_colours: bool) -> str:
    count = sum(mask.coloured for mask in masks)
    if count:
        return f'colours, because in {count} of {len(masks)} the three channels differ (RGB)'
    if snap_colours:
        return 'colours, because of --snap-colours'
    if any(mask.palette for mask in masks):
        return 'values, because they are palette images: the number of the entry counts'
    return 'values, because they have one channel, or three equal ones'


def check_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f'Two classes would be called {twice[0]}. Rename a folder, or give each class a name '
            'of its own with --classes.'
        )


def check_number(codes: Sequence) -> None:
    if len(codes) > MAX_CLASSES:
        raise UserError(
            f'The masks hold {len(codes)} classes, and {MAX_CLASSES} are possible: annotations '
            'have 8 bits, and 255 means unknown. Photographs in place of masks, soft edges and '
            'numbered objects look like this. If only some values are classes, name them: '
            '--classes NAME=VALUE.'
        )
    if len(codes) < 2:
        raise UserError(
            'There is a single class: nothing to tell apart. Give all classes with --classes '
            'NAME=VALUE if the others are just absent from the masks.'
        )


def _space(codes: Sequence[int], given: str | None) -> tuple[str, str]:
    is_binary = len(codes) == 2 and codes[0] == 0
    if given == 'multilabel':
        raise UserError(
            '--label-space multilabel needs a folder of masks for each class, '
            'MASKS/CLASS/NAME.png: one mask cannot hold two classes in a pixel.'
        )
    if given == 'binary' and len(codes) != 2:
        raise UserError(
            f'--label-space binary has two classes, and the masks hold {len(codes)}. Say which: '
            '--classes background=VALUE foreground=VALUE.'
        )
    if given is not None:
        return given, f'label space: {given}, because of --label-space'
    if is_binary:
        return 'binary', 'label space: binary, because there are two classes and one of them is 0'
    return 'multiclass', (
        f'label space: multiclass, because each pixel has one of {len(codes)} classes'
    )


def _default_names(space: str, count: int) -> list[str]:
    if space == 'binary':
        return ['background', 'foreground']
    return [f'class_{i}' for i in range(count)]


def _rgb(code: int) -> tuple[int, int, int]:
    return code >> 16, code >> 8 & 255, code & 255
