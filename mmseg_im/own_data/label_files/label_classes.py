# SPDX-License-Identifier: Apache-2.0
"""Gives the labels of label files their class ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import UserError
from ...files.safe_names import flaw_of_name
from ...labels.spaces import IGNORE_INDEX
from ..scheme import MAX_CLASSES
from .joined_labels import joined_labels
from .label_entries import LabelFile
from .label_places import label_places, places_text, plain_label
from .similar_labels import similar_labels, similar_text

BACKGROUND = 'background'
MEAN_BACKGROUND = ('background', '_background_', '__background__')
MEAN_IGNORED = ('', '__ignore__')
"""tuple[str, ...]: Crowds of COCO have no name, and LabelMe calls it ``__ignore__``."""


@dataclass(frozen=True)
class LabelIds:
    """Class ids.

    Attributes:
        ids (dict[str, int]): Of each label; 0 is background, 255 ignored.
        names (dict[int, str]): Of the classes, in their order, background among them only where
            it was named.
        notes (list[str]): What the user should know about them.
    """

    ids: Mapping[str, int]
    names: Mapping[int, str]
    notes: list[str] = field(default_factory=list)


def label_ids(
    files: Sequence[LabelFile],
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
) -> LabelIds:
    """Returns an id for each label.

    Args:
        files (Sequence[LabelFile]): All of one kind, with plain labels.
        classes (Sequence[str], optional): In the order of their ids, see
            :func:`~.joined_labels.joined_labels`; None: as the files list them, and where they
            list none, by name. Labels that look alike are then noted.
        ignore (Sequence[str], optional): Labels whose pixels are ignored.

    Raises:
        UserError: If an argument names a label that is not there, a label that was drawn is in
            none of them, or one cannot be the name of a class.
    """
    drawn = label_places(files)
    ignore = [*map(plain_label, ignore or ())]
    listed_names = dict.fromkeys(name for file in files for name in file.classes)
    found = [*listed_names, *sorted(drawn.keys() - listed_names.keys())]
    groups = joined_labels(classes, found) if classes else {name: [name] for name in found}
    named = [label for labels in groups.values() for label in labels]
    ids = {name: 0 for name in found if name.casefold() in MEAN_BACKGROUND}
    ids |= dict.fromkeys((*ignore, *MEAN_IGNORED), IGNORE_INDEX)
    for option, given in (('--classes', named if classes else []), ('--ignore', ignore)):
        unknown = [name for name in given if name not in (*found, BACKGROUND, *MEAN_IGNORED)]
        if unknown and (listed_names or option == '--ignore'):  # LabelMe: what was drawn alone
            raise UserError(
                f'{option}: {", ".join(unknown)} is no label of the files; there are '
                f'{", ".join(found)}.'
            )
    unnamed = [name for name in found if name in drawn and name not in (*named, *ids)]
    if unnamed:
        shown = ', '.join(f'{name} ({places_text(drawn[name])})' for name in unnamed)
        raise UserError(
            f'--classes leaves out labels that were drawn: {shown}. Add them, join them with '
            'others (NAME=LABEL+LABEL), or --ignore their pixels.'
        )
    names: dict[int, str] = {}
    for name, labels in groups.items():
        if name in MEAN_IGNORED:
            ids |= dict.fromkeys(labels, IGNORE_INDEX)
            continue
        kept = [label for label in labels if label not in ignore]
        if not kept:
            continue
        value = 0
        if name.casefold() not in MEAN_BACKGROUND:
            _check_name(name, drawn.get(name, []))
            value = len([key for key in names if key]) + 1
        names[value] = name if value else BACKGROUND
        ids |= dict.fromkeys(kept, value)
    if 0 in names and classes is None:
        names = {0: BACKGROUND} | names
    if len({0, *names}) > MAX_CLASSES:
        raise UserError(
            f'The files hold {len(names)} labels, and {MAX_CLASSES} classes are possible, '
            f'{BACKGROUND} among them. Join some (--classes NAME=LABEL+LABEL), or --ignore some.'
        )
    return LabelIds(ids, names, [] if classes else _notes(drawn, ids, list(names.values())))


def _notes(
    drawn: Mapping[str, Sequence[str]], ids: Mapping[str, int], names: Sequence[str]
) -> list[str]:
    """A sentence about labels that look like others, or like those of background and ignored."""
    special = {BACKGROUND: 1e9, MEAN_IGNORED[1]: 1e9}  # however few of them were drawn
    counts = {name: len(places) for name, places in drawn.items() if 0 < ids[name] < IGNORE_INDEX}
    similar = similar_labels(special | counts)
    return [similar_text(similar, drawn, names)] if similar else []


def _check_name(name: str, places: Sequence[str]) -> None:
    problem = flaw_of_name(name) or ('is no text of letters' if not name.strip() else None)
    problem = problem or ('has a slash in it' if '/' in name or '\\' in name else None)
    if problem:
        where = f' ({places_text(places)})' if places else ''
        raise UserError(
            f'The label {name!r}{where} {problem}, and cannot name a class. Rename it, or give the '
            'class another name: --classes NAME=LABEL.'
        )
