# SPDX-License-Identifier: Apache-2.0
"""Guesses of the label space and the classes, each with its reason."""

import colorsys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UserError
from .codes import (
    class_codes,
    codes_between,
    codes_text,
    ignored_codes,
    parse_classes,
    stray_codes,
    total_pixels,
)
from .masks import Layers, MaskFile, as_colours, code_text, gray_code

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
    """

    label_space: str
    kind: str
    names: tuple[str, ...]
    codes: tuple[int, ...]
    ignore: frozenset[int]
    palette: tuple[tuple[int, int, int], ...]
    reasons: tuple[str, ...]


def scheme_of_masks(
    masks: Sequence[MaskFile],
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label_space: str | None = None,
) -> Scheme:
    """The scheme of masks of values or colours.

    Args:
        masks (Sequence[MaskFile]): All that can be decoded.
        classes (Sequence[str], optional): ``NAME`` or ``NAME=VALUE_OR_COLOUR`` for each class.
        ignore (Sequence[str], optional): Values or colours.
        label_space (str, optional): In place of the guess.

    Raises:
        UserError: If there are more than 254 classes, fewer than two, or the arguments do not fit.
    """
    difference = palettes_differ(masks)
    coloured = any(mask.coloured for mask in masks) or bool(difference)
    kind = 'colours' if coloured else 'values'
    reasons = [f'masks: {difference or _mask_kind(masks, coloured)}']
    palette_of = next((mask.palette for mask in masks if mask.palette), ())
    masks = [as_colours(mask) for mask in masks] if coloured else masks
    pixels = total_pixels(masks)
    names, codes = parse_classes(classes, coloured)
    mistakes = codes_between(pixels, coloured) or stray_codes(masks, pixels)
    ignored, reason = ignored_codes(pixels, ignore, mistakes, coloured)
    ignored -= set(codes or ())
    reasons.append(reason)
    if codes is None:
        found = sorted(set(pixels) - ignored - mistakes)
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
                'few masks hold them, or they lie between 0 and 255 at edges (--classes)'
            )
    else:
        reasons.append('classes: as given, each with its value or colour')
    _check_number(codes)
    space, reason = _label_space(codes, label_space)
    reasons.append(reason)
    if names is None:
        names = _default_names(space, len(codes))
    _check_names(names)
    palette = palette_for(len(codes))
    if coloured:
        palette = tuple(_rgb(code) for code in codes)
    elif len({palette_of[c] for c in codes if c < len(palette_of)}) == len(codes):
        palette = tuple(_rgb(palette_of[code]) for code in codes)
    return Scheme(
        space, kind, tuple(names), tuple(codes), frozenset(ignored), palette, tuple(reasons)
    )


def scheme_of_layers(
    layers: Sequence[Layers],
    classes: Sequence[str] | None = None,
    label_space: str | None = None,
) -> Scheme:
    """The scheme of masks with one folder for each class.

    Args:
        layers (Sequence[Layers]): Of all images whose masks can be decoded.
        classes (Sequence[str], optional): Folders in the order of their ids.
        label_space (str, optional): In place of the guess.
    """
    folders = list(layers[0].paths)
    names = list(classes or sorted(folders, key=lambda name: (name != 'background', name)))
    reasons = [f'masks: one folder for each class: {", ".join(folders)}']
    overlaps: Counter = Counter()
    for layer in layers:
        overlaps.update(layer.overlaps)
    if label_space is not None:
        space, why = label_space, 'because of --label-space'
    elif len(names) == 1:
        space, why = 'binary', 'because there is one folder'
    elif overlaps:
        (a, b), count = overlaps.most_common(1)[0]
        space, why = 'multilabel', f'because classes overlap: {a} and {b} share {count} pixels'
    else:
        space, why = 'multiclass', 'because in no pixel two classes overlap'
    reasons.append(f'label space: {space}, {why}')
    if space == 'binary' and len(names) != 1:
        raise UserError(f'--label-space binary needs one folder, not {", ".join(names)}.')
    if space == 'multilabel' and len(names) < 2:
        raise UserError('--label-space multilabel needs two folders or more; use binary.')
    if space == 'binary':
        names = ['background', *names]
    elif space == 'multiclass' and any(layer.uncovered for layer in layers):
        if 'background' in names:
            reasons.append('background: its folder, and the pixels that are in no class')
        else:
            names = ['background', *names]
            reasons.append('background: class 0, because some pixels are in no class')
    _check_names(names)
    _check_number(names)
    palette = palette_for(len(names))
    if space == 'multilabel':  # its first class is no background
        palette = palette_for(len(names) + 1)[1:]
    return Scheme(space, 'folders', tuple(names), (), frozenset(), palette, tuple(reasons))


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


def palette_for(count: int) -> tuple[tuple[int, int, int], ...]:
    """Colours that differ: a dark gray, then hues."""
    hues = [colorsys.hsv_to_rgb(0.07 + i / max(count - 1, 1), 0.75, 0.9) for i in range(count - 1)]
    return (BACKGROUND, *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in hues))


def _mask_kind(masks: Sequence[MaskFile], coloured: bool) -> str:
    if coloured:
        count = sum(mask.coloured for mask in masks)
        return f'colours, because in {count} of {len(masks)} the three channels differ (RGB)'
    if any(mask.palette for mask in masks):
        return 'values, because they are palette images: the number of the entry counts'
    return 'values, because they have one channel, or three equal ones'


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f'Two classes would be called {twice[0]}. Rename a folder, or give each class a name '
            'of its own with --classes.'
        )


def _check_number(codes: Sequence) -> None:
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


def _label_space(codes: Sequence[int], given: str | None) -> tuple[str, str]:
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
