# SPDX-License-Identifier: Apache-2.0
"""Draws label files into masks, which are then surveyed like any others."""

import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.progress import track

from ...datasets.image_files import check_header, header_size
from ...errors import UserError
from ...errors.wording import listed
from ..folders import Flaw, composed, find_images, flaws_text
from ..images import inspect_image, quiet_opencv
from ..other_labels import other_labels_text
from ..survey import Survey, survey
from .drawing import draw_shapes
from .found_labels import label_files, read_label_files
from .image_names import ImageNames, folders_shared
from .label_classes import label_ids
from .label_entries import Entry, LabelFile
from .label_masks import LabelMasks
from .label_places import with_plain_labels

SEVERAL = 'Label files, or entries of one, that fit several images; name their folders, too'
UNKNOWN = 'Label files, or entries of one, whose image is not there'
OTHER_IMAGE = 'Label files whose name is that of another image than they say; correct one of them'
TWICE = 'Images with two label files or entries; keep one'
SIZE = 'Label files that state another size than the image has'
SHAPE = 'Shapes that cannot be drawn; draw them again'


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
    names = ImageNames(found.keys())
    kind, read, broken = read_label_files(files)
    flaws = [replace(one, name=name) for one in broken for name in _named_like(one.file, names)]
    read, blanks = with_plain_labels(read)
    ids = label_ids(read, classes, ignore)
    masks = LabelMasks(aside, ids, label_space == 'multilabel')
    entries = _entries_by_name(read, names, flaws)
    quiet = not sys.stdout.isatty()
    for name, entry in track(entries.items(), f'Drawing {kind}', disable=quiet):
        size = _size(found[name][0])
        if size is None:
            continue  # the survey says that the image is broken
        if entry.size not in (None, size):
            flaws.append(Flaw(SIZE, str(entry.file), _sizes(entry, size), name))
            continue
        try:
            masks.write(name, draw_shapes(entry.shapes, ids.ids, size))
        except UserError as error:
            flaws.append(Flaw(SHAPE, f'{entry.file}', f'{entry.image}: {error}', name))
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


def _entries_by_name(
    read: Sequence[LabelFile], names: ImageNames, flaws: list[Flaw]
) -> Mapping[str, Entry]:
    """The annotated entry of each image; what belongs to none is added to the flaws."""
    meant: defaultdict[str, list[Entry]] = defaultdict(list)
    unclear: list[tuple[Entry, list[str]]] = []
    for file in read:
        for entry in file.entries:
            if not entry.annotated:
                continue
            path, found = str(entry.file), names.candidates(entry.image)
            name = found[0] if found else None
            if len(found) > 1:
                unclear.append((entry, found))
                continue
            own = names.find(entry.file.stem) if len(file.entries) == 1 else None
            if name is None:
                what = f'{entry.image!r} is not among the images'
                what += f'; {own}, whose name the file has, is' if own else ''
                flaws.append(Flaw(UNKNOWN, path, what, own or ''))
            elif own not in (None, name):
                what = f'it says {entry.image!r}, and there is {own}, too'
                flaws += [Flaw(OTHER_IMAGE, path, what, image) for image in (name, own)]
            else:
                meant[name].append(entry)
    entries: dict[str, Entry] = {}
    for name, some in meant.items():
        shared = [folders_shared(entry.image, name) for entry in some]
        best, *twice = [e for e, count in zip(some, shared, strict=True) if count == max(shared)]
        entries[name] = best
        flaws += [Flaw(TWICE, f'{best.file} and {e.file}', e.image, name) for e in twice]
        flaws += [
            Flaw(UNKNOWN, str(e.file), f'{e.image!r} is not among the images; {best.image!r} is')
            for e, count in zip(some, shared, strict=True)
            if count < max(shared)
        ]
    for entry, found in unclear:
        what = f'{entry.image!r} is the end of {len(found)} paths: {listed(found, 3)}'
        others = [name for name in found if name not in meant] or ['']
        flaws += [Flaw(SEVERAL, str(entry.file), what, name) for name in others]
    bad = {flaw.name for flaw in flaws}
    return {name: entry for name, entry in entries.items() if name not in bad}


def _named_like(file: str, names: ImageNames) -> list[str]:
    """The images that a file may mean by its own name; an empty one if there is none."""
    path = Path(file).with_suffix('')
    return names.candidates(path.as_posix()) or names.candidates(path.name) or ['']


def _size(image: Path) -> tuple[int, int] | None:
    """Height and width of an image as it is loaded; None if it is broken."""
    try:
        if size := header_size(str(image), check_header(str(image))):
            return size
    except (UserError, OSError):
        pass  # of a kind that the next line may know
    try:
        return inspect_image(image).size
    except UserError:
        return None


def _sizes(entry: Entry, size: tuple[int, int]) -> str:
    height, width = entry.size or size
    text = f'{height}x{width} for {entry.image}, image {size[0]}x{size[1]} (height x width)'
    if (width, height) == size:
        text += ' once it is turned as its EXIF entry says: save it turned, and label it again'
    return text
