# SPDX-License-Identifier: Apache-2.0
"""Finds images and masks in two folders, and which mask belongs to which image."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import MissingFileError, UserError
from .class_folders import class_folders, layer_files
from .folders import (
    FORMAT,
    NO_IMAGE,
    Flaw,
    composed,
    find_images,
    flaws_text,
    not_read,
    renamed,
    unique,
)
from .names import find_rule, image_of, renamed_by, rule_text
from .one_folder import one_folder_text
from .other_labels import other_labels_text


@dataclass(frozen=True)
class Pairs:
    """Files by name of the image.

    Attributes:
        images (dict[str, Path]): All images that can be listed.
        masks (dict[str, Path | dict[str, Path]]): Masks of images; a dict has one for each class.
        layered (bool): Whether there is one for each class.
        flaws (list[Flaw]): Files that belong to nothing, or that nothing can tell apart.
        reasons (list[str]): How masks were found, where their names differ from the images'.
    """

    images: dict[str, Path]
    masks: Mapping[str, Path | dict[str, Path]]
    layered: bool
    flaws: list[Flaw]
    reasons: list[str]


def find_pairs(
    images: str | os.PathLike,
    masks: str | os.PathLike,
    classes: Sequence[str] | None = None,
    match: str | None = None,
    mask_files: str | None = None,
) -> Pairs:
    """Finds the files; opens none.

    Args:
        images, masks (str or PathLike): The folders; see :func:`~.survey.survey`.
        classes (Sequence[str], optional): Folders, where each class has one.
        match (str, optional): Expression whose groups find what the names of an image and of its
            mask have in common.
        mask_files (str, optional): Pattern of the files in ``masks`` that are masks, such as
            ``*_mask.png``; all others are images if this is the folder of images, too.

    Raises:
        MissingFileError: If a folder does not exist.
        UserError: If there are no images, or their names and those of the masks do not meet.
    """
    for folder in (images, masks):
        if not os.path.isdir(folder):
            raise MissingFileError(f'The folder {folder} does not exist.')
    one_folder = os.path.realpath(images) == os.path.realpath(masks)
    if one_folder and not mask_files:
        raise UserError(one_folder_text(images))
    flaws: list[Flaw] = []
    reasons: list[str] = []
    in_images = composed(find_images(images, skip=[] if one_folder else [masks]))
    in_masks = composed(find_images(masks, skip=[] if one_folder else [images]))
    if mask_files:
        if one_folder:
            in_images = _only(in_images, images, lambda file: not fnmatchcase(file, mask_files))
        in_masks = _only(in_masks, masks, lambda file: fnmatchcase(file, mask_files))
        reasons.append(
            f'masks: {len(in_masks)} names, because their files fit {mask_files} (--mask-files)'
        )
        if not in_masks:
            raise UserError(f'--mask-files {mask_files!r}: no image file below {masks} fits it.')
    others = not_read(images, [] if one_folder else [masks])
    flaws += [Flaw(FORMAT, files) for files in others]
    found = unique(in_images, flaws)
    if not found:
        raise UserError(
            f'{images} holds no images that can be listed.\n{flaws_text(flaws)}'.rstrip()
        )
    names = found.keys() | {flaw.name for flaw in flaws}
    image = image_of(match, names)
    files: Mapping[str, Path | dict[str, Path]]
    folders = class_folders(in_masks, names, image)
    if folders:
        by_class = {cls: renamed_by(image, found) for cls, found in folders.items()}
        files = layer_files(masks, by_class, names, classes, flaws)
    else:
        files = unique(renamed(renamed_by(image, in_masks), names, reasons), flaws)
        flaws += [Flaw(NO_IMAGE, str(files[name])) for name in sorted(files.keys() - names)]
    files = {name: path for name, path in files.items() if name in names}
    if match:
        reasons.append(f'names: {len(files)} masks find their image by --match {match}')
    if in_masks and len(files) * 2 < len(in_masks) and not folders:
        _advise(found, in_masks, len(files), match)
    beside = other_labels_text(masks, and_images=True) if files else ''
    if beside:
        reasons.append(f'beside the masks: {beside}')
    return Pairs(found, files, bool(folders), flaws, reasons)


def _only(
    found: Mapping[str, list[Path]], folder: str | os.PathLike, fits: Callable[[str], bool]
) -> dict[str, list[Path]]:
    """The files whose path below a folder fits."""
    kept = {
        name: [path for path in paths if fits(path.relative_to(folder).as_posix())]
        for name, paths in found.items()
    }
    return {name: paths for name, paths in kept.items() if paths}


def _advise(images: Iterable[str], masks: Iterable[str], met: int, match: str | None) -> None:
    """Raises a UserError where masks that find no image would find one by another rule."""
    images, masks = sorted(images), sorted(masks)
    problem = f'{met} of {len(masks)} masks find an image of their name' + (
        f' by --match {match!r}: ' if match else ': '
    )
    shown = f'images are called {_some(images)}, masks {_some(masks)}. '
    below = sorted({name.partition('/')[2] for name in masks if '/' in name})
    rules = [(rule, len(names)) for names in (masks, below)
             if names and (rule := find_rule(images, names)) and rule.met > met]  # fmt: skip
    if rules:  # below: with a folder for each class
        raise UserError(problem + shown + rule_text(*max(rules, key=lambda r: r[0].met / r[1])))
    if not met:
        raise UserError(
            problem + shown + 'Rename them, or give an expression whose groups find what the names '
            "of an image and its mask have in common: --match '^(?:image_|label_)(.*)$'."
        )


def _some(names: Sequence[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if names[3:] else '')
