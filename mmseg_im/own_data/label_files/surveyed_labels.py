# SPDX-License-Identifier: Apache-2.0
"""Draws label files into masks, which are then surveyed like any others."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import UserError
from ..folders import composed, find_images, flaws_text
from ..images import quiet_opencv
from ..other_labels import other_labels_text
from ..survey import Survey, survey
from .drawn_entries import drawn_entries
from .found_labels import label_files, read_label_files
from .label_classes import label_ids
from .label_masks import LabelMasks
from .label_places import with_plain_labels
from .matched_entries import UNKNOWN, entries_by_name


def survey_annotations(
    images: str | os.PathLike,
    annotations: str | os.PathLike,
    aside: Path,
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label_space: str | None = None,
    **of_masks,
) -> Survey:
    """Surveys masks or, where there are none, label files.

    Args:
        images (str or PathLike): The folder of images.
        annotations (str or PathLike): A folder of masks, or of label files, or one label file.
        aside (Path): See :func:`survey_label_files`.
        classes, ignore, label_space: See there, and :func:`~..survey.survey`.
        **of_masks: Further options of the latter.

    Raises:
        MissingFileError, UserError: See there; also for options of masks where label files are.
    """
    files = [] if of_masks.get('mask_files') else label_files(annotations, images)
    if not files:
        return survey(images, annotations, classes, ignore, label_space, **of_masks)
    useless = [f'--{key.replace("_", "-")}' for key, value in of_masks.items() if value]
    if useless:
        raise UserError(f'{", ".join(useless)}: for masks, and {annotations} holds label files.')
    return survey_label_files(images, annotations, files, aside, classes, ignore, label_space)


@quiet_opencv()
def survey_label_files(
    images: str | os.PathLike,
    labels: str | os.PathLike,
    files: list[Path],
    aside: Path,
    classes: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label_space: str | None = None,
) -> Survey:
    """Writes label files as masks and surveys these.

    Args:
        images, labels (str or PathLike): The folder of images, and what the user named beside it.
        files (list[Path]): The label files, see :func:`~.found_labels.label_files`.
        aside (Path): Empty folder for the masks. They are of this run: a project copies them.
        classes, ignore (Sequence[str], optional): Labels, see :func:`~.label_classes.label_ids`.
        label_space (str, optional): ``multilabel`` keeps all classes of a pixel; without it the
            shape that is drawn last decides.

    Raises:
        MissingFileError: If there is no folder of images, or pycocotools is needed and missing.
        UserError: See :func:`~.found_labels.read_label_files`, :func:`~.label_classes.label_ids`
            and :func:`~..survey.survey`.
    """
    found = composed(find_images(images))
    kind, read, broken = read_label_files(files)
    read, blanks = with_plain_labels(read)
    ids = label_ids(read, classes, ignore)
    masks = LabelMasks(aside, ids, label_space == 'multilabel')
    entries, flaws = entries_by_name(found.keys(), read, broken)
    for name, drawing in drawn_entries(entries, found, ids.ids, flaws, kind):
        masks.write(name, drawing)  # of a broken image the survey says so
    shown = f'\n{flaws_text(flaws)}' if flaws else ''
    if not masks.written:
        stated = next((e.image for one in read for e in one.entries), '')
        strangers = not entries and all(flaw.kind == UNKNOWN for flaw in flaws)
        example = f' Images are called {next(iter(found), "")}, and labels are of {stated}.'
        why = ''.join(f'\n  {text}' for text in masks.reasons(kind, files, read)[1:])
        raise UserError(
            f'{labels} has no label for an image of {images} that can be used.'
            f'{example if stated and strangers else ""}{why}{shown}'
        )
    ignored = ['255'] if masks.ignored and not masks.layered else None
    try:
        masks.check_number(label_space)
        surveyed = survey(images, aside, masks.classes(), ignored, label_space)
    except UserError as error:
        raise UserError(f'{error}{shown}') from error
    left_out = {flaw.name for flaw in flaws}
    of_space = [text for text in surveyed.scheme.reasons if text.startswith('label space')]
    reasons = [*masks.reasons(kind, files, read), *of_space]
    if Path(labels).is_dir() and (others := other_labels_text(labels, True, files)):
        reasons.append(f'beside the labels: {others}')
    return replace(
        surveyed,
        images={name: image for name, image in surveyed.images.items() if name not in left_out},
        flaws=[*flaws, *surveyed.flaws],
        scheme=replace(surveyed.scheme, reasons=tuple(reasons)),
        reasons=[],
        notes=[*blanks, *ids.notes],
        made=True,
    )
