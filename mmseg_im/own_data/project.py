# SPDX-License-Identifier: Apache-2.0
"""Writes the files of a project: images, annotations, lists, classes and configs."""

import csv
import io
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from prettytable import PrettyTable

from ..errors import UserError
from ..splitting import Splits, draw_splits
from .annotations import class_ids, layer_maps, usable_as_it_is
from .config_text import Facts, generations_config, training_config
from .images import full_scale, read_8_bit
from .masks import code_text
from .split_files import list_text
from .survey import Survey, class_pixels

LONGER_SIDE = 512


@dataclass(frozen=True)
class Plan:
    """What will be written.

    Attributes:
        survey (Survey): What there is.
        splits (Splits): Of the annotated images: ``labeled[0]`` and ``val``.
        unlabeled (list[str]): Images without a mask.
        size (tuple[int, int]): Height and width to which images are brought.
        suffix (str): Of all images in the project.
        white (int): The value of 16-bit images that becomes 255.
        reasons (list[str]): What was guessed, and why.
    """

    survey: Survey
    splits: Splits
    unlabeled: list[str]
    size: tuple[int, int]
    suffix: str
    white: int
    reasons: list[str]

    @property
    def facts(self) -> Facts:
        """Facts: For the configs."""
        labeled, val = len(self.splits.labeled[0]), len(self.splits.val)
        return Facts(self.survey.scheme, self.size, self.suffix, labeled, len(self.unlabeled), val)


def make_plan(
    found: Survey, val: Fraction, size: tuple[int, int] | None = None, groups: Mapping | None = None
) -> Plan:
    """Decides what the survey leaves open.

    Args:
        found (Survey): What there is.
        val (Fraction): Share of the annotated images that are for validation.
        size (tuple[int, int], optional): Height and width, in place of the guess.
        groups (Mapping[str, str], optional): See :func:`~mmseg_im.splitting.draw_splits`.
    """
    names = list(found.masks)
    count = min(max(int(val * len(names) + Fraction(1, 2)), 1), len(names) - 1)
    classes = {name: {c for c, n in class_pixels(mask, found.scheme).items() if n}
               for name, mask in found.masks.items()}  # fmt: skip
    splits = draw_splits(names, [len(names) - count], count, 0, 0, groups, classes)
    if not splits.labeled[0] or not splits.val:
        raise UserError(
            'All annotated images are in one group, so none is left to measure on. Choose another '
            '--group-by.'
        )
    unlabeled = [name for name in found.images if name not in found.masks]
    suffix, why_suffix = _suffix(found)
    guessed, why_size = _size(found)
    reasons = [f'suffix: {suffix}, {why_suffix}', *found.reasons, *found.scheme.reasons]
    white = 255
    largest = max((i.largest for i in found.images.values() if i.bits == 16), default=None)
    if largest is not None:
        white = full_scale(largest)
        reasons.insert(1, f'16 bits: {white} becomes white, because {largest} is the largest value')
    reasons.append(
        f'size: {size[0]}x{size[1]} (height x width), because of --size' if size else
        f'size: {guessed[0]}x{guessed[1]} (height x width), {why_size} (--size)'
    )  # fmt: skip
    reasons.append(
        f'validation: {len(splits.val)} of {len(names)} annotated images, drawn at random (--val)'
    )
    return Plan(found, splits, unlabeled, size or guessed, suffix, white, reasons)


def classes_table(plan: Plan) -> PrettyTable:
    """Id, name, value or colour, pixels and images of each class."""
    scheme = plan.survey.scheme
    table = PrettyTable(['id', 'class', 'in the masks', 'pixels', 'labeled', 'val'], align='r')
    table.align['class'] = 'l'
    counts = {name: class_pixels(mask, scheme) for name, mask in plan.survey.masks.items()}
    total = sum(mask.size[0] * mask.size[1] for mask in plan.survey.masks.values())
    for i, cls in enumerate(scheme.names):
        code = code_text(scheme.codes[i], scheme.kind == 'colours') if scheme.codes else 'folder'
        pixels = sum(found[cls] for found in counts.values())
        images = [
            sum(counts[name][cls] > 0 for name in names)
            for names in (plan.splits.labeled[0], plan.splits.val)
        ]
        table.add_row([i, cls, code, f'{pixels / total:.2%}', *images])
    return table


def write_project(plan: Plan, out: Path, name: str) -> bool:
    """Writes everything beside ``out`` and renames it.

    Returns:
        bool: Whether it was written; False if ``out`` holds exactly this already.

    Raises:
        UserError: If ``out`` has other content, or cannot be written; nothing is left behind.
    """
    aside = out.parent / f'.{out.name}.{uuid.uuid4().hex}.tmp'
    try:
        aside.mkdir(parents=True)
        _fill(plan, aside, name)
        if not os.path.lexists(out) or (out.is_dir() and not any(out.iterdir())):
            os.replace(aside, out)
            return True
        difference = next(_differences(aside, out), None)
        if difference is not None:
            raise UserError(
                f'{out} exists with other content ({difference}). Choose another --out, or remove '
                'it.'
            )
        return False
    except OSError as error:
        raise UserError(f'{out} cannot be written ({error}).') from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_name(name: str) -> str:
    """The name of a config file, or a sentence why it is none."""
    if not re.fullmatch(r'\w[\w-]*', name):
        raise UserError(f'--name {name!r}: letters, digits, _ and - make a name.')
    return name


def check_out(out: Path, inputs: Mapping[str, Path]) -> None:
    """Refuses a folder that holds the images or masks, or lies among them."""
    for what, folder in inputs.items():
        if holds(out, folder) or holds(folder, out):
            raise UserError(
                f'--out {out} and the folder of {what} {folder} lie in one another, and existing '
                'folders are left as they are. Choose another --out.'
            )


def holds(folder: Path, other: Path) -> bool:
    """Whether a folder is another one or lies above it."""
    return Path(os.path.realpath(other)).is_relative_to(os.path.realpath(folder))


def default_name(images: Path) -> str:
    """The name of the image folder, or of its parent if it is called ``images``."""
    folder = Path(os.path.abspath(images))
    folder = folder.parent if folder.name.lower() in ('images', 'imgs', 'img') else folder
    return re.sub(r'[^\w-]+', '_', folder.name).strip('_-') or 'mine'


def _fill(plan: Plan, folder: Path, name: str) -> None:
    found = plan.survey
    for image_name, image in found.images.items():
        target = folder / 'images' / f'{image_name}{plan.suffix}'
        if image.loads and _real_suffix(image.path) == plan.suffix:
            _link(image.path, target)
        else:
            _png(target, read_8_bit(image.path, plan.white))
    for image_name, mask in found.masks.items():
        _annotate(plan, folder / 'annotations', f'{image_name}.png', mask)
    lists = dict(labeled=plan.splits.labeled[0], unlabeled=plan.unlabeled, val=plan.splits.val)
    for key, names in lists.items():
        if names:
            _text(folder / f'{key}.txt', list_text(names))
    _text(folder / 'classes.csv', _classes_csv(plan))
    _text(folder / f'{name}.py', training_config(plan.facts, name))
    if plan.unlabeled:
        _text(folder / f'{name}_generations.py', generations_config(plan.facts, name))


def _annotate(plan: Plan, folder: Path, file: str, mask) -> None:
    scheme = plan.survey.scheme
    as_it_is = usable_as_it_is(mask, scheme)
    if scheme.label_space != 'multilabel':
        if as_it_is:
            _link(mask.path, folder / file)
        else:
            _png(folder / file, class_ids(mask, scheme))
        return
    for cls, (path, layer) in layer_maps(mask, scheme).items():
        if as_it_is:
            _link(path, folder / cls / file)
        else:
            _png(folder / cls / file, layer)


def _classes_csv(plan: Plan) -> str:
    table = classes_table(plan)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow([*table.field_names, 'red', 'green', 'blue'])
    for row, colour in zip(table.rows, plan.survey.scheme.palette, strict=True):
        writer.writerow([*row, *colour])
    return text.getvalue()


def _suffix(found: Survey) -> tuple[str, str]:
    """One suffix for all images, as MMSegmentation wants it."""
    suffixes = sorted({_real_suffix(image.path) for image in found.images.values()})
    converted = sum(not image.loads for image in found.images.values())
    if len(suffixes) == 1 and not converted:
        return suffixes[0], 'because all images have it; they are linked'
    if converted:
        why = f'because {converted} of {len(found.images)} images are not loaded right as they are'
    else:
        why = f'because the images have {", ".join(suffixes)}, and a data set has one suffix'
    return '.png', f'{why}: PNG files of 8 bits are linked, all others are written as PNG'


def _real_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return '.jpg' if suffix == '.jpeg' else suffix


def _size(found: Survey) -> tuple[tuple[int, int], str]:
    sizes = np.array([image.size for image in found.images.values()])
    height, width = (int(side) for side in np.median(sizes, axis=0))
    ratio = min(1, LONGER_SIDE / max(height, width))
    why = f'because the images have {height}x{width} in the median'
    if ratio < 1:
        why += f', brought to {LONGER_SIDE} on the longer side'
    return (round(height * ratio), round(width * ratio)), why


def _differences(new: Path, old: Path) -> Iterator[str]:
    """Relative paths that differ between two trees."""
    trees = [{p.relative_to(root) for p in root.rglob('*')} for root in (new, old)]
    for path in sorted(trees[0] ^ trees[1]):
        yield f'{path} is ' + ('missing' if path in trees[0] else 'new')
    for path in sorted(trees[0] & trees[1]):
        if _content(new / path) != _content(old / path):
            yield f'{path} differs'


def _content(path: Path) -> str | bytes | None:
    if path.is_symlink():
        return os.readlink(path)
    return path.read_bytes() if path.is_file() else None


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.symlink(os.path.realpath(source), target)
    except (OSError, NotImplementedError):  # a file system without links
        shutil.copyfile(source, target)


def _png(target: Path, pixels: np.ndarray) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())


def _text(target: Path, text: str) -> None:
    target.write_text(text, encoding='utf-8')
