# SPDX-License-Identifier: Apache-2.0
"""Where each label was drawn, and labels without blanks around them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors.wording import counted, listed
from ..folders import composed_name
from .label_entries import LabelFile


def label_places(files: Sequence[LabelFile]) -> dict[str, list[str]]:
    """Returns for each label that was drawn the file, or the image, of each of its shapes."""
    places: dict[str, list[str]] = {}
    for file in files:
        for entry in file.entries:
            place = entry.file.name if len(file.entries) == 1 else entry.image
            for shape in entry.shapes:
                places.setdefault(shape.label, []).append(place)
    return places


def places_text(places: Sequence[str]) -> str:
    """Returns such as ``4 shapes in 0.json, 1.json``."""
    where = f' in {listed([*dict.fromkeys(places)], 3)}' if places else ''
    return f'{counted(len(places), "shape")}{where}'


def plain_label(label: str) -> str:
    """Returns a label without blanks around it, in composed Unicode; one of blanks as it is."""
    return composed_name(label.strip() or label)


def with_plain_labels(files: Sequence[LabelFile]) -> tuple[list[LabelFile], list[str]]:
    """Gives shapes and classes their :func:`plain_label`.

    Returns:
        tuple[list[LabelFile], list[str]]: The files, and a sentence if blanks were taken away.
    """
    known = {name for file in files for name in file.classes}
    places: Mapping[str, list[str]] = {name: [] for name in sorted(known)} | label_places(files)
    blank = [label for label in places if label.strip() not in ('', label)]
    plain = [
        replace(
            file,
            entries=[
                replace(entry, shapes=[one._replace(label=plain_label(one.label))
                                       for one in entry.shapes])
                for entry in file.entries
            ],
            classes=[*dict.fromkeys(map(plain_label, file.classes))],
        )
        for file in files
    ]  # fmt: skip
    if not blank:
        return plain, []
    found = '; '.join(f'{label!r} ({places_text(places[label])})' for label in blank)
    return plain, [f'blanks around labels were taken away: {found}']
