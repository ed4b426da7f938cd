# SPDX-License-Identifier: Apache-2.0
"""The folders into which predictions go: not that of the images, nor one of other results."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from ..own_data.folders import find_images
from ..own_data.label_files.labelme_writing import FOLDER

MASKS = 'masks'
RESULTS = '.png', '.tif'
"""tuple[str, ...]: Suffixes of label maps and pictures."""


class Places(NamedTuple):
    """Where results go.

    Attributes:
        out (Path): Label maps.
        shown (Path, optional): Pictures.
        unsure (Path, optional): Masks, table and page of several voters.
        labelme (Path, optional): Files of LabelMe.
    """

    out: Path
    shown: Path | None = None
    unsure: Path | None = None
    labelme: Path | None = None

    def folders(self) -> list[Path]:
        """Returns those that are there."""
        return [place for place in self if place is not None]


def check_no_others(
    places: Places, images: str, suffixes: Collection[str], classes: Sequence[str]
) -> None:
    """Refuses folders in which results of other images lie, which would be mixed with the new ones.

    Args:
        places (Places): Where results go.
        images (str): The folder that is predicted, perhaps once more.
        suffixes (Collection[str]): Of its images.
        classes (Sequence[str]): See :func:`places_of`.

    Raises:
        UserError: If a file of results has the name of no image.
    """
    names = set(find_images(images, places.folders(), suffixes))
    of_classes = {f'{cls}/{name}' for cls in classes for name in names}
    expected: list[tuple[str, Path, set[str], tuple[str, ...]]]
    expected = [('--out', places.out, of_classes | names, RESULTS)]
    if places.shown is not None:
        expected.append(('--show-dir', places.shown, names, RESULTS))
    if places.unsure is not None:
        expected.append(('--out', places.unsure / MASKS, names, RESULTS))
    if places.labelme is not None:
        expected.append(('--out', places.labelme, names, ('.json',)))
    for option, folder, known, kinds in expected:
        if not folder.is_dir():
            continue
        others = [Path(images), *(place for place in places.folders() if place != folder)]
        found = find_images(folder, others, kinds)
        ends = {name.rpartition('/')[2] for name in known}  # pictures may lie within --out
        wrong = next(
            (paths[0] for name, paths in found.items() if name.rpartition('/')[2] not in ends), None
        )
        if wrong is not None:
            raise UserError(
                f'{wrong} is of no image in {images}: {folder} holds files of other images, and '
                f'results would be mixed. Name another {option}, or remove what is there.'
            )


def places_of(
    images: str, out: str, show_dir: str | None, unsure: bool, labelme: bool, classes: Sequence[str]
) -> Places:
    """Returns where the results of a folder of images go.

    Args:
        images (str): The folder.
        out, show_dir (str): As the user names them; None: no pictures.
        unsure (bool): Whether several voters get a folder beside ``out``, ``OUT-unsure``.
        labelme (bool): Whether files of LabelMe are written.
        classes (Sequence[str]): That have a folder each, because they overlap; empty otherwise.

    Raises:
        UserError: If a folder of results is that of the images, or two are one.
    """
    beside = Path(out) if Path(out).name not in ('', '..') else Path(os.path.abspath(out))
    places = Places(
        Path(out),
        Path(show_dir) if show_dir else None,
        beside.parent / f'{beside.name}-unsure' if unsure else None,
        Path(out, FOLDER) if labelme else None,
    )
    named = {'the folder of images': Path(images), '--out': places.out}
    if places.shown is not None:
        named['--show-dir'] = places.shown
    if places.unsure is not None:
        named['--out (with -unsure)'] = places.unsure
        named[f'--out (with -unsure/{MASKS})'] = places.unsure / MASKS
    named |= {f'--out (with the class {cls})': places.out / cls for cls in classes}
    known: dict[str, str] = {}
    for option, folder in named.items():
        before = known.setdefault(os.path.realpath(folder), option)
        if before != option:
            raise UserError(
                f'{option} and {before} are one folder, {folder}: files would be overwritten. '
                'Name another one.'
            )
    return places
