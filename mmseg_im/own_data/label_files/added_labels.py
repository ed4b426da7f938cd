# SPDX-License-Identifier: Apache-2.0
"""Adds finished label files to a project: their masks, and their images to the labeled ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from ...datasets.lists import read_names
from ...errors import MissingFileError, UserError
from ...errors.wording import listed
from ...files.atomic import write_aside
from ...labels.spaces import IGNORE_INDEX
from ..folders import Flaw, composed, find_images, flaws_text
from ..images import quiet_opencv
from ..split_files import list_text
from .drawing import Drawing
from .drawn_entries import drawn_entries
from .found_labels import label_files, read_label_files
from .label_classes import MEAN_BACKGROUND, MEAN_IGNORED
from .label_entries import LabelFile
from .label_masks import lost_shapes
from .label_places import label_places, places_text, with_plain_labels
from .matched_entries import entries_by_name
from .written_project import Project

NO_LIST = 'Images that are neither in unlabeled.txt nor in another list; add them there first'
UNREAD = 'Images that cannot be read; replace them'
IGNORED = 'Pixels to ignore, for which the masks of this project have no value; give them a class'
UNCOVERED = 'Pixels without a shape, and the project has no background; draw them'


@dataclass
class Added:
    """What became of label files.

    Attributes:
        names (list[str]): Images that are labeled now.
        already (list[str]): Images that were labeled before; nothing of them was changed.
        left (int): Number of images that are unlabeled now.
        flaws (list[Flaw]): Why others were left out.
        notes (list[str]): What else there is to know.
    """

    names: list[str]
    already: list[str]
    left: int
    flaws: list[Flaw] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@quiet_opencv()
def add_labels(project: Project, paths: Sequence[Path]) -> Added:
    """Draws label files and moves their images from ``unlabeled.txt`` to ``labeled.txt``.

    Masks are written first, then one list after the other, each in one step. A run that is killed
    leaves at worst images in both lists; the same call takes them out of ``unlabeled.txt``.

    Args:
        project (Project): Where to.
        paths (Sequence[Path]): Label files of one kind, and folders of such.

    Raises:
        UserError: If there is none, a label is no class of the project, or no image is left
            unlabeled. Nothing is written then.
    """
    found = composed(find_images(project.images))
    kind, read, broken = read_label_files(_files(project, paths))
    read, blanks = with_plain_labels(read)
    ids = _ids(project, read)
    entries, flaws = entries_by_name(found.keys(), read, broken)
    labeled, unlabeled = (read_names(path) for path in (project.labeled, project.unlabeled))
    others = {name for path in project.other_lists for name in read_names(path)}
    before = others.union(labeled)
    already = [name for name in entries if name in before]
    addable = set(unlabeled) - before
    new = {name: entry for name, entry in entries.items() if name in addable}
    flaws += [
        Flaw(NO_LIST, str(entry.file), name, name)
        for name, entry in entries.items()
        if name not in new and name not in before
    ]
    thin: list[str] = []
    outside: list[str] = []
    masks: dict[str, dict[Path, bytes]] = {}
    for name, drawing in drawn_entries(new, found, ids, flaws, kind):
        label = _label(project, ids, drawing)
        if isinstance(label, str):
            flaws.append(Flaw(label, str(new[name].file), name, name))
            continue
        thin += [f'{name}: {where}' for where in drawing.thin]
        outside += [f'{name}: {where}' for where in drawing.outside]
        masks[name] = {project.annotations / cls / f'{name}.png': cv2.imencode('.png', one)[1]
                       .tobytes() for cls, one in label.items()}  # fmt: skip
    unread = new.keys() - masks.keys() - {flaw.name for flaw in flaws}
    flaws += [Flaw(UNREAD, str(found[name][0]), '', name) for name in unread]
    moved = {*masks, *({*already} & {*labeled})}
    left = [name for name in unlabeled if name not in moved]
    if not masks and not already:
        raise UserError(f'No image is added to {project.labeled}.\n{flaws_text(flaws)}'.rstrip())
    if not left:
        raise UserError(
            f'{project.unlabeled} would be empty, and {project.config} trains with unlabeled '
            'images. Leave one out, or make a new project of all label files: init_project.py.'
        )
    for path, content in (item for of_image in masks.values() for item in of_image.items()):
        if path.is_symlink():
            path.unlink()  # not its target, which is a file of the user
        write_aside(path, content)
    for path, old, names in (
        (project.labeled, labeled, [*labeled, *masks]), (project.unlabeled, unlabeled, left),
    ):  # fmt: skip
        if names != old:
            write_aside(path, list_text(names).encode())
    notes = [*blanks, *lost_shapes(thin, outside)]
    return Added([*masks], already, len(left), flaws, notes)


def _files(project: Project, paths: Sequence[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise MissingFileError(f'{path} does not exist. Name a label file, or a folder.')
        here = label_files(path, project.images)
        if not here:
            raise UserError(f'{path} holds no label files of LabelMe, COCO or CVAT alone.')
        files |= dict.fromkeys(here)
    return [*files]


def _ids(project: Project, read: Sequence[LabelFile]) -> dict[str, int]:
    """Of each label: 0 is background, 255 ignored, others one more than their place."""
    ids = {
        name: 0 if name.casefold() in MEAN_BACKGROUND else i + 1
        for i, name in enumerate(project.classes)
    }
    places = label_places(read)
    ids |= {name: 0 for name in places if name.casefold() in MEAN_BACKGROUND}
    ids |= dict.fromkeys(MEAN_IGNORED, IGNORE_INDEX)
    unknown = [f'{name} ({places_text(places[name])})' for name in places if name not in ids]
    if unknown:
        raise UserError(
            f'No classes of {project.config} are the labels {listed(unknown)}. It has '
            f'{", ".join(project.classes)}: rename the labels in their files (__ignore__: unknown).'
        )
    return ids


def _label(
    project: Project, ids: Mapping[str, int], drawing: Drawing
) -> dict[str, np.ndarray] | str:
    """Masks (H, W) uint8 by the folder they belong to, or why there are none."""
    if not project.ignores and (drawing.ids == IGNORE_INDEX).any():
        return IGNORED
    if project.label_space == 'multilabel':
        nothing = np.zeros(drawing.ids.shape, bool)
        return {
            name: np.uint8(255)
            * (drawing.layers.get(ids[name], nothing) if ids[name] else drawing.ids == 0)
            for name in project.classes
        }
    background = [i for i, name in enumerate(project.classes) if not ids[name]]
    if not background and not drawing.ids.all():
        return UNCOVERED
    table = np.full(256, IGNORE_INDEX, np.uint8)
    table[1 : len(project.classes) + 1] = range(len(project.classes))
    table[0] = background[0] if background else IGNORE_INDEX
    return {'': table[drawing.ids]}
