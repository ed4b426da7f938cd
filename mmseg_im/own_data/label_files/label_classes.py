# SPDX-License-Identifier: Apache-2.0
"""Gives the labels of label files their class ids."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import UserError
from ...errors.wording import counted
from ...files.safe_names import flaw_of_name
from ...labels.spaces import IGNORE_INDEX
from ..scheme import MAX_CLASSES, check_number
from .label_entries import LabelFile

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
    """

    ids: Mapping[str, int]
    names: Mapping[int, str]


def label_ids(
    files: Sequence[LabelFile],
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
) -> LabelIds:
    """Returns an id for each label.

    Args:
        files (Sequence[LabelFile]): All of one kind.
        classes (Sequence[str], optional): In the order of their ids; None: as the files list
            them, and where they list none, by name.
        ignore (Sequence[str], optional): Labels whose pixels are ignored.

    Raises:
        UserError: If an argument names a label that is not there, a label that was drawn is in
            none of them, or one cannot be the name of a class.
    """
    drawn = Counter(shape.label for file in files for entry in file.entries
                    for shape in entry.shapes)  # fmt: skip
    listed = dict.fromkeys(name for file in files for name in file.classes)
    found = [*listed, *sorted(drawn.keys() - listed.keys())]
    ids = {name: 0 for name in found if name.casefold() in MEAN_BACKGROUND}
    ids |= {name: IGNORE_INDEX for name in (*found, *(ignore or ()), *MEAN_IGNORED)
            if name in (ignore or ()) or name in MEAN_IGNORED}  # fmt: skip
    for option, given in (('--classes', classes), ('--ignore', ignore)):
        unknown = [name for name in given or () if name not in (*found, BACKGROUND)]
        if unknown and (listed or option == '--ignore'):  # LabelMe names what was drawn alone
            raise UserError(
                f'{option}: {", ".join(unknown)} is no label of the files; there are '
                f'{", ".join(found)}.'
            )
    unnamed = [name for name in found
               if classes is not None and drawn[name] and name not in (*classes, *ids)]  # fmt: skip
    if unnamed:
        shown = ', '.join(f'{name} ({counted(drawn[name], "shape")})' for name in unnamed)
        raise UserError(
            f'--classes leaves out labels that were drawn: {shown}. Add them, or --ignore their '
            'pixels.'
        )
    names: dict[int, str] = {}
    for name in classes or found:
        if ids.get(name) == IGNORE_INDEX:
            continue
        if name.casefold() in MEAN_BACKGROUND:
            names[0] = BACKGROUND
            continue
        _check_name(name)
        ids[name] = len([key for key in names if key]) + 1
        names[ids[name]] = name
    if 0 in names and classes is None:
        names = {0: BACKGROUND} | names
    if len({0, *names}) > MAX_CLASSES:
        check_number([*{0, *names}])
    return LabelIds(ids, names)


def _check_name(name: str) -> None:
    problem = flaw_of_name(name) or ('is no text of letters' if not name.strip() else None)
    problem = problem or ('has a blank at an end' if name != name.strip() else None)
    problem = problem or ('has a slash in it' if '/' in name or '\\' in name else None)
    if problem:
        raise UserError(f'The label {name!r} {problem}, and cannot name a class. Rename it.')
