# SPDX-License-Identifier: Apache-2.0
"""Looks at all images and masks, and says what is clean and what is not. Writes nothing."""

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import track

from ..errors import UserError
from ..errors.wording import counted
from .folders import Flaw, composed_name, flaws_text
from .images import ImageFile, inspect_image, quiet_opencv
from .layer_scheme import scheme_of_layers
from .layers import ONE_VALUE, Layers, inspect_layers
from .mask_codes import codes_between, total_pixels
from .masks import MaskFile, as_colours, code_text, inspect_mask
from .other_labels import other_labels_text
from .pairs import find_pairs
from .scheme import Scheme, scheme_of_masks

BROKEN = 'Files that cannot be used'
SIZE = 'Masks whose size differs from that of the image'
SOFT = (
    'Masks of 0 and 255 with soft edges; --threshold makes 255 of 128 and above, --snap-colours '
    'ignores the edges'
)
NO_CLASS = 'Masks with a value or colour that no class has'
OVERLAP = 'Masks of classes that overlap, which a multi-class annotation cannot hold'
EMPTY = 'Classes without a pixel in the clean masks'


@dataclass(frozen=True)
class Survey:
    """What two folders hold.

    Attributes:
        images (dict[str, ImageFile]): Clean images by name.
        masks (dict[str, MaskFile | Layers]): Clean masks by name of the image.
        scheme (Scheme): How masks become annotations.
        flaws (list[Flaw]): Everything that is inconsistent.
        reasons (list[str]): How masks were found, where their names differ from the images'.
        notes (Sequence[str]): What the user should know, and do something about.
        made (bool): Whether the masks were made for this run and will be gone after it.
    """

    images: dict[str, ImageFile]
    masks: dict[str, MaskFile | Layers]
    scheme: Scheme
    flaws: list[Flaw]
    reasons: list[str]
    notes: Sequence[str] = ()
    made: bool = False


@quiet_opencv()
def survey(
    images: str | os.PathLike,
    masks: str | os.PathLike,
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label_space: str | None = None,
    match: str | None = None,
    mask_files: str | None = None,
    snap_colours: bool = False,
    threshold: bool = False,
) -> Survey:
    """Decodes every image and every mask.

    Args:
        images, masks (str or PathLike): The folders; masks may be a folder of folders, one for
            each class.
        classes, ignore, label_space, snap_colours: See :func:`~.scheme.scheme_of_masks`.
        match, mask_files: See :func:`~.pairs.find_pairs`.
        threshold (bool): Whether masks of black and white may be lossy or have soft edges: from 128
            on, a value is white.

    Raises:
        MissingFileError: If a folder does not exist.
        UserError: If there are no images, no mask is clean, or the classes cannot be told.
    """
    classes = [composed_name(text) for text in classes] if classes else None
    pairs = find_pairs(images, masks, classes, match, mask_files)
    flaws = list(pairs.flaws)
    inspect = partial(inspect_layers if pairs.layered else inspect_mask, threshold=threshold)
    if pairs.layered and (ignore or snap_colours):
        raise UserError(
            f'{"--ignore" if ignore else "--snap-colours"}: masks with a folder for each class '
            'know no unknown pixels.'
            + ('' if ignore else ' Their soft edges become sharp at 128 by --threshold.')
        )
    decoded = _each(inspect_image, pairs.images, flaws, 'images')
    read = _each(inspect, pairs.masks, flaws, 'masks')
    folders = {cls for of in pairs.masks.values() if isinstance(of, dict) for cls in of}
    several = [flaw for flaw in flaws if flaw.what.endswith(ONE_VALUE)]
    if len(folders) == 1 and len(several) > len(read):
        inside = shlex.join([str(images), os.path.join(masks, *folders)])
        raise UserError(
            f'{masks} holds one folder, {folders.pop()}, whose masks would be those of one class, '
            f'and {len(several)} of {len(pairs.masks)} hold several values (such as '
            f'{several[0].file}). If these are classes, name the sub-folder as the folder of '
            f'masks: {inside}'
        )
    if not read:
        other = other_labels_text(masks)
        raise UserError(f'{masks} holds no mask that can be used. {other}'.rstrip() + _shown(flaws))
    readable = [read[name] for name in sorted(read)]
    if pairs.layered:
        scheme = scheme_of_layers(readable, classes, label_space)
        flaws += _overlaps(read, scheme)
    else:
        scheme = scheme_of_masks(readable, classes, ignore, label_space, snap_colours, threshold)
        flaws += _codes_without_class(read, scheme)
    flaws += _sizes(decoded, read)
    bad = {flaw.name for flaw in flaws}
    clean = {name: decoded[name] for name in sorted(decoded.keys() - bad)}
    annotated = {name: read[name] for name in clean if name in read}
    if len(annotated) < 2:
        raise UserError(
            f'{counted(len(annotated), "image has", "images have")} a clean mask, and two are '
            'needed: one to train, one to measure on.' + _shown(flaws)
        )
    flaws += _empty_classes(annotated, scheme)
    return Survey(clean, annotated, scheme, flaws, pairs.reasons, scheme.notes)


def class_pixels(mask: MaskFile | Layers, scheme: Scheme) -> dict[str, int]:
    """Pixels of each class in a mask."""
    if isinstance(mask, Layers):
        counts = {name: mask.counts.get(name, 0) for name in scheme.names}
        if scheme.label_space != 'multilabel' and 'background' in counts:
            counts['background'] += mask.uncovered
        return counts
    pixels = dict.fromkeys(scheme.names, 0)
    for code, count in (as_colours(mask) if scheme.kind == 'colours' else mask).counts.items():
        if code in scheme.class_of:
            pixels[scheme.names[scheme.class_of[code]]] += count
    return pixels


def _shown(flaws: Iterable[Flaw]) -> str:
    text = flaws_text(flaws)
    return f'\n{text}' if text else ''


def _each(inspect: Callable, files: Mapping, flaws: list[Flaw], what: str) -> dict:
    """Applies a function that raises a UserError for what it cannot use."""

    def attempt(item):
        try:
            return item[0], inspect(item[1]), None
        except UserError as error:
            return item[0], None, str(error)

    results = {}
    quiet = not sys.stdout.isatty()
    with ThreadPoolExecutor(max_workers=8) as pool:
        done = pool.map(attempt, files.items())
        for name, result, error in track(done, f'Reading {what}', len(files), disable=quiet):
            if error is None:
                results[name] = result
            else:
                of_name = files[name]
                paths = [of_name] if isinstance(of_name, Path) else list(of_name.values())
                path = next((path for path in paths if error.startswith(f'{path} ')), paths[0])
                flaws.append(Flaw(BROKEN, str(path), error.removeprefix(f'{path} '), name))
    return results


def _sizes(images: Mapping[str, ImageFile], masks: Mapping) -> list[Flaw]:
    flaws = []
    for name, mask in masks.items():
        if name in images and images[name].size != mask.size:
            what = f'{_size(mask.size)}, image {_size(images[name].size)} (height x width)'
            flaws.append(Flaw(SIZE, _path(mask), what, name))
    return flaws


def _codes_without_class(masks: Mapping[str, MaskFile], scheme: Scheme) -> list[Flaw]:
    coloured = scheme.kind == 'colours'
    known = scheme.class_of.keys() | scheme.ignore
    between = codes_between(total_pixels(list(masks.values())), coloured)
    flaws = []
    for name, mask in masks.items():
        counts = (as_colours(mask) if coloured else mask).counts
        wrong = sorted(counts.keys() - known)
        if wrong:
            shown = ', '.join(
                f'{code_text(code, coloured)} in {counted(counts[code], "pixel")}'
                for code in wrong[:10]
            )
            more = f' and {len(wrong) - 10} more' if wrong[10:] else ''
            kind = SOFT if between.issuperset(wrong) else NO_CLASS
            flaws.append(Flaw(kind, str(mask.path), shown + more, name))
    return flaws


def _overlaps(layers: Mapping[str, Layers], scheme: Scheme) -> list[Flaw]:
    if scheme.label_space == 'multilabel':
        return []
    return [
        Flaw(OVERLAP, _path(layer), f'{a} and {b} share {counted(count, "pixel")}', name)
        for name, layer in layers.items()
        for (a, b), count in layer.overlaps.items()
    ]


def _empty_classes(masks: Mapping, scheme: Scheme) -> list[Flaw]:
    there = set()
    for mask in masks.values():
        there |= {name for name, count in class_pixels(mask, scheme).items() if count}
    return [Flaw(EMPTY, name) for name in scheme.names if name not in there]


def _path(mask: MaskFile | Layers) -> str:
    return str(mask.path if isinstance(mask, MaskFile) else next(iter(mask.paths.values())))


def _size(size: tuple[int, int]) -> str:
    return f'{size[0]}x{size[1]}'
