# SPDX-License-Identifier: Apache-2.0
"""Looks at all images and masks, and says what is clean and what is not. Writes nothing."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from ..errors import UserError
from .folders import (
    NO_IMAGE,
    Flaw,
    class_folders,
    composed,
    composed_name,
    find_images,
    flaws_text,
    layer_files,
    renamed,
    unique,
)
from .images import ImageFile, inspect_image
from .masks import Layers, MaskFile, as_colours, code_text, inspect_layers, inspect_mask
from .scheme import Scheme, scheme_of_layers, scheme_of_masks

BROKEN = 'Files that cannot be used'
SIZE = 'Masks whose size differs from that of the image'
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
    """

    images: dict[str, ImageFile]
    masks: dict[str, MaskFile | Layers]
    scheme: Scheme
    flaws: list[Flaw]
    reasons: list[str]


def survey(
    images: str | os.PathLike,
    masks: str | os.PathLike,
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label_space: str | None = None,
) -> Survey:
    """Decodes every image and every mask.

    Args:
        images, masks (str or PathLike): The folders; masks may be a folder of folders, one for
            each class.
        classes, ignore, label_space: See :func:`~.scheme.scheme_of_masks`.

    Raises:
        MissingFileError: If a folder does not exist.
        UserError: If there are no images, no mask is clean, or the classes cannot be told.
    """
    if os.path.realpath(images) == os.path.realpath(masks):
        raise UserError('Images and masks lie in one folder; put the masks into one of their own.')
    flaws: list[Flaw] = []
    classes = [composed_name(text) for text in classes] if classes else None
    found = unique(composed(find_images(images, skip=[masks])), flaws)
    left_out = {flaw.name for flaw in flaws}
    if not found:
        raise UserError(f'{images} holds no images that can be listed.')
    names = found.keys() | left_out
    folders = class_folders(masks, images, names)
    reasons: list[str] = []
    files: Mapping[str, dict[str, Path] | Path]
    if folders:
        files = layer_files(masks, folders, names, classes, flaws)
    else:
        of_masks = composed(find_images(masks, skip=[images]))
        files = unique(renamed(of_masks, names, reasons), flaws)
        flaws += [Flaw(NO_IMAGE, str(files[name])) for name in sorted(files.keys() - names)]
    files = {name: path for name, path in files.items() if name in names}
    decoded = _each(inspect_image, found, flaws, 'images')
    read = _each(inspect_layers if folders else inspect_mask, files, flaws, 'masks')
    if not read:
        raise UserError(f'{masks} holds no mask that can be used.' + _shown(flaws))
    readable = [read[name] for name in sorted(read)]
    if folders:
        if ignore:
            raise UserError('--ignore: masks with a folder for each class know no unknown pixels.')
        scheme = scheme_of_layers(readable, classes, label_space)
        flaws += _overlaps(read, scheme)
    else:
        scheme = scheme_of_masks(readable, classes, ignore, label_space)
        flaws += _codes_without_class(read, scheme)
    flaws += _sizes(decoded, read)
    bad = {flaw.name for flaw in flaws}
    clean = {name: decoded[name] for name in sorted(decoded.keys() - bad)}
    annotated = {name: read[name] for name in clean if name in read}
    if len(annotated) < 2:
        raise UserError(
            f'{len(annotated)} images have a clean mask, and two are needed: one to train, one to '
            'measure on.' + _shown(flaws)
        )
    flaws += _empty_classes(annotated, scheme)
    return Survey(clean, annotated, scheme, flaws, reasons)


def class_pixels(mask: MaskFile | Layers, scheme: Scheme) -> dict[str, int]:
    """Pixels of each class in a mask."""
    if isinstance(mask, Layers):
        counts = {name: mask.counts.get(name, 0) for name in scheme.names}
        if scheme.label_space != 'multilabel' and 'background' in counts:
            counts['background'] += mask.uncovered
        return counts
    codes = as_colours(mask).counts if scheme.kind == 'colours' else mask.counts
    return {n: codes.get(code, 0) for n, code in zip(scheme.names, scheme.codes, strict=True)}


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
                path = files[name]
                if isinstance(path, Path):
                    flaws.append(Flaw(BROKEN, str(path), error.removeprefix(f'{path} '), name))
                else:  # of several files, the sentence says which
                    flaws.append(Flaw(BROKEN, str(next(iter(path.values()))), error, name))
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
    known = {*scheme.codes, *scheme.ignore}
    flaws = []
    for name, mask in masks.items():
        counts = (as_colours(mask) if coloured else mask).counts
        wrong = sorted(counts.keys() - known)
        if wrong:
            shown = ', '.join(
                f'{code_text(code, coloured)} in {counts[code]} pixels' for code in wrong[:10]
            )
            more = f' and {len(wrong) - 10} more' if wrong[10:] else ''
            flaws.append(Flaw(NO_CLASS, str(mask.path), shown + more, name))
    return flaws


def _overlaps(layers: Mapping[str, Layers], scheme: Scheme) -> list[Flaw]:
    if scheme.label_space == 'multilabel':
        return []
    return [
        Flaw(OVERLAP, _path(layer), f'{a} and {b} share {count} pixels', name)
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
