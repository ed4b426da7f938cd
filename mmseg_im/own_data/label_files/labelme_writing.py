# SPDX-License-Identifier: Apache-2.0
"""Writes labels as files of LabelMe, to be corrected there."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...files.atomic import write_json
from .label_classes import MEAN_BACKGROUND
from .outlines import outlines

VERSION = '6.3.1'  # of LabelMe, with which these files were tried
IGNORED = '__ignore__'
FOLDER = 'labelme'


def labelme_content(
    label: np.ndarray,
    classes: Sequence[str],
    image: str,
    undecided: np.ndarray | None = None,
) -> dict[str, Any]:
    """Returns the content of a LabelMe file, which :func:`~.labelme.read_labelme` reads.

    A class called ``background`` is not drawn. Without one, and where classes do not overlap, the
    first shape is a frame of ``__ignore__``, so that what lies between polygons is unknown. The
    polygons of one part share a ``group_id``, if there are several.

    Args:
        label (np.ndarray): (1, H, W) uint8 class ids, 255 = unknown; or (M, H, W) of 0 and 1 for
            each of M > 1 classes that may overlap.
        classes (Sequence[str]): Their names.
        image (str): Path of the image relative to that of the file.
        undecided (np.ndarray, optional): (1 or M, H, W) bool, pixels that are drawn as
            ``__ignore__`` above all others.
    """
    height, width = label.shape[1:]
    overlapping = len(label) > 1
    unknown = np.zeros((height, width), bool) if undecided is None else undecided.any(axis=0)
    if not overlapping:
        unknown = unknown | (label[0] >= len(classes))
    shapes: list[dict[str, Any]] = []
    if not overlapping and not any(_is_background(name) for name in classes):
        corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        shapes.append(_shape(IGNORED, corners, None))
    drawn = [
        (name, (label[i] == 1 if overlapping else label[0] == i) & ~unknown)
        for i, name in enumerate(classes)
        if not _is_background(name)
    ]
    group = 0
    for name, mask in [*drawn, (IGNORED, unknown)]:
        for polygons in outlines(mask):
            group += len(polygons) > 1
            number = group if len(polygons) > 1 else None
            shapes += [_shape(name, polygon.tolist(), number) for polygon in polygons]
    return dict(
        version=VERSION, flags={}, shapes=shapes, imagePath=image, imageData=None,
        imageHeight=height, imageWidth=width,
    )  # fmt: skip


def write_labelme(
    file: Path, label: np.ndarray, classes: Sequence[str], image: str | os.PathLike,
    undecided: np.ndarray | None = None, final: Path | None = None,
) -> None:  # fmt: skip
    """Writes one file, see :func:`labelme_content`.

    Args:
        file (Path): The file.
        label, classes, undecided: See there.
        image (str or PathLike): The image, from where the command runs.
        final (Path, optional): Where the file will lie, if it is moved.
    """
    folder = os.path.abspath((final or file).parent)
    relative = os.path.relpath(os.path.abspath(image), folder)
    write_json(file, labelme_content(label, classes, Path(relative).as_posix(), undecided))


def _is_background(name: str) -> bool:
    return name.casefold() in MEAN_BACKGROUND


def _shape(label: str, points: list, group: int | None) -> dict[str, Any]:
    return dict(
        label=label, points=[[float(x), float(y)] for x, y in points], group_id=group,
        description='', shape_type='polygon', flags={}, mask=None,
    )  # fmt: skip
