# SPDX-License-Identifier: Apache-2.0
"""Looks at all images and masks, and says what is clean and what is not. Writes nothing."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from ..errors import UserError
from .files import find_images
from .flaws import Flaw, flaws_text
from .images import ImageFile, inspect_image
from .layers import Layers, inspect_layers
from .masks import MaskFile, as_colours, code_text, inspect_mask
from .scheme import Scheme, scheme_of_layers, scheme_of_masks

TWICE = 'Two files have one name without suffix, so a list cannot tell them apart; rename one'
EDGE = 'Names that begin or end with a blank cannot be listed; rename them'
BROKEN = 'Files that cannot be used'
NO_IMAGE = 'Masks without an image of their name'
NO_LAYER = 'Images with a mask in some class folders only; add an empty mask (0) to the others'
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
    found = _unique(find_images(images, skip=[masks]), flaws)
    left_out = {flaw.name for flaw in flaws}
    if not found:
        raise UserError(f'{images} holds no images that can be listed.')
    names = found.keys() | left_out
    folders = _class_folders(masks, images, names)
    reasons: list[str] = []
    if folders:
        files = _layer_files(masks, folders, names, classes, flaws)
    else:
        files = _unique(_renamed(find_images(masks, skip=[images]), names, reasons), flaws)
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
        rest = {'background': mask.uncovered}
        return {name: mask.counts.get(name, rest.get(name, 0)) for name in scheme.names}
    counts = as_colours(mask).counts if scheme.kind == 'colours' else mask.counts
    return {n: counts.get(code, 0) for n, code in zip(scheme.names, scheme.codes, strict=True)}


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


def _unique(found: Mapping[str, list[Path]], flaws: list[Flaw]) -> dict[str, Path]:
    """One file a name; others, and names that a list cannot hold, are flaws."""
    files = {}
    for name, paths in found.items():
        if len(paths) > 1:
            flaws.append(Flaw(TWICE, ' and '.join(map(str, paths)), '', name))
        elif name != name.strip() or '\n' in name:
            flaws.append(Flaw(EDGE, repr(str(paths[0])), '', name))
        else:
            files[name] = paths[0]
    return files


def _class_folders(masks, images, names: Iterable[str]) -> list[str]:
    """Names of sub-folders if masks lie in one for each class; else none."""
    found = find_images(masks, skip=[images])
    heads = {name.partition('/')[0] for name in found if '/' in name}
    direct = sum(name in names for name in found)
    below = sum(name.partition('/')[2] in names for name in found)
    return sorted(heads) if below > direct else []


def _layer_files(masks, folders, names, classes, flaws) -> dict[str, dict[str, Path]]:
    """The masks of each image by class."""
    if classes is not None and set(classes) - set(folders):
        raise UserError(
            f'--classes: {", ".join(sorted(set(classes) - set(folders)))} is no folder in '
            f'{masks}; there are {", ".join(folders)}.'
        )
    classes = list(classes or folders)
    by_class = {}
    for cls in classes:
        found: list[Flaw] = []
        by_class[cls] = _unique(find_images(Path(masks, cls)), found)
        flaws += found
    everyone = sorted({name for files in by_class.values() for name in files})
    layers = {}
    for name in everyone:
        files = {cls: by_class[cls][name] for cls in classes if name in by_class[cls]}
        if name not in names:
            flaws += [Flaw(NO_IMAGE, str(path)) for path in files.values()]
        elif len(files) < len(classes):
            lacks = ', '.join(cls for cls in classes if cls not in files)
            flaws.append(Flaw(NO_LAYER, str(next(iter(files.values()))), f'none in {lacks}', name))
        else:
            layers[name] = files
    return layers


def _renamed(found: dict, names: Iterable[str], reasons: list[str]) -> dict:
    """Masks by the name of their image, where all masks end in one tail such as ``_mask``."""
    if not found or any(name in names for name in found):
        return found
    tails = Counter(
        name[cut:] for name in found for cut in range(1, len(name)) if name[:cut] in names
    )
    if not tails:
        return found
    (tail, count), *_ = tails.most_common(1)
    reasons.append(
        f'names: a mask is called as its image and {tail!r}, because that holds for {count} of '
        f'{len(found)}'
    )
    return {name.removesuffix(tail): paths for name, paths in found.items()}


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
