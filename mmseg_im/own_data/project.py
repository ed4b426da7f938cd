# SPDX-License-Identifier: Apache-2.0
"""Writes the files of a project: images, annotations, lists, classes and configs."""

import csv
import glob
import io
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from ..errors import UserError
from ..errors.disk import unwritable
from .annotations import class_ids, layer_maps, usable_as_it_is
from .copied_bases import copy_bases
from .images import quiet_opencv, read_8_bit
from .plan import Plan, classes_table, real_suffix
from .split_files import list_text
from .written_configs import generations_config, training_config


@quiet_opencv()
def write_project(plan: Plan, out: Path, name: str) -> bool:
    """Writes everything beside ``out`` and renames it.

    Returns:
        bool: Whether it was written; False if ``out`` holds exactly this already.

    Raises:
        UserError: If ``out`` has other content, or cannot be written; nothing is left behind.
    """
    for left in out.parent.glob(f'.{glob.escape(out.name)}.*.tmp'):  # by a killed run
        shutil.rmtree(left, ignore_errors=True)
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
        raise UserError(unwritable(out, error)) from error
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
        if image.loads and real_suffix(image.path) == plan.suffix:
            link(image.path, target)
        else:
            _png(target, read_8_bit(image.path, plan.white[image_name]))
    for image_name, mask in found.masks.items():
        _annotate(plan, folder / 'annotations', f'{image_name}.png', mask)
    lists = dict(labeled=plan.splits.labeled[0], unlabeled=plan.unlabeled, val=plan.splits.val)
    for key, names in lists.items():
        if names:
            _text(folder / f'{key}.txt', list_text(names))
    _text(folder / 'classes.csv', _classes_csv(plan))
    copy_bases(folder, plan.network)
    _text(folder / f'{name}.py', training_config(plan.facts, name))
    if plan.unlabeled:
        _text(folder / f'{name}_generations.py', generations_config(plan.facts, name))


def _annotate(plan: Plan, folder: Path, file: str, mask) -> None:
    scheme = plan.survey.scheme
    as_it_is = usable_as_it_is(mask, scheme) and not plan.survey.made
    if scheme.label_space != 'multilabel':
        if as_it_is:
            link(mask.path, folder / file)
        else:
            _png(folder / file, class_ids(mask, scheme))
        return
    for cls, (path, layer) in layer_maps(mask, scheme).items():
        if as_it_is:
            link(path, folder / cls / file)
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


def link(source: Path, target: Path) -> None:
    """Links a file, or copies it where the file system has no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.symlink(os.path.realpath(source), target)
    except (OSError, NotImplementedError):
        shutil.copyfile(source, target)


def _png(target: Path, pixels: np.ndarray) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())


def _text(target: Path, text: str) -> None:
    target.write_text(text, encoding='utf-8')
