# SPDX-License-Identifier: Apache-2.0
"""Which classes occur in which annotation."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from ..datasets.image_files import decode
from ..errors import MissingFileError, UserError
from ..labels.spaces import IGNORE_INDEX
from .files import spelt


def class_presence(
    names: Sequence[str], annotations: str | os.PathLike
) -> tuple[list[str], dict[str, set[str]]]:
    """Reads the classes in the annotations of images.

    ``annotations/NAME.png`` holds class ids (255 = ignored), or 0 and 255 alone, and 255 is then
    the class 1; or there is a folder for each class that may overlap with others,
    ``annotations/CLASS/NAME.png``, 0 = absent.

    Args:
        names (Sequence[str]): The images, without suffix.
        annotations (str or PathLike): The folder.

    Returns:
        tuple[list[str], dict[str, set[str]]]: All classes (of ids, 0 to the largest), and those
        that occur in each image.

    Raises:
        MissingFileError: If an annotation is missing; all missing ones are named.
        UserError: If one cannot be decoded or holds no class ids.
    """
    annotations = Path(annotations)
    if not annotations.is_dir():
        raise MissingFileError(f'--annotations: the folder {annotations} does not exist.')
    folders = sorted(path.name for path in annotations.iterdir() if path.is_dir())
    of_classes = [
        folder for folder in folders if any(spelt(annotations / folder / f'{n}.png').is_file()
                                            for n in names)
    ]  # fmt: skip
    overlapping = bool(of_classes) and not any(
        spelt(annotations / f'{n}.png').is_file() for n in names
    )
    files = {
        name: [spelt(annotations / cls / f'{name}.png') for cls in of_classes]
        if overlapping
        else [spelt(annotations / f'{name}.png')]
        for name in names
    }
    missing = [str(path) for paths in files.values() for path in paths if not path.is_file()]
    if missing:
        raise MissingFileError(
            f'{len(missing)} annotations do not exist: {", ".join(missing)}. Add them, or give a '
            'list of the annotated images in place of the image folder.'
        )

    def read(name: str) -> set:
        if overlapping:
            return {c for c, path in zip(of_classes, files[name], strict=True)
                    if decode(path).any()}  # fmt: skip
        return _values(files[name][0])

    with ThreadPoolExecutor(max_workers=8) as pool:
        found = dict(zip(names, pool.map(read, names), strict=True))
    if overlapping:
        return of_classes, found
    values = set().union(*found.values())
    class_of = {value: str(value) for value in values - {IGNORE_INDEX}}
    if values in ({0, IGNORE_INDEX}, {IGNORE_INDEX}):  # how masks of one thing are mostly saved
        class_of[IGNORE_INDEX] = '1'
    largest = max(map(int, class_of.values()), default=-1)
    return [str(i) for i in range(largest + 1)], {
        name: {class_of[value] for value in of_image if value in class_of}
        for name, of_image in found.items()
    }


def _values(path: Path) -> set[int]:
    try:
        with Image.open(path) as image:
            label = np.array(image)
    except (OSError, SyntaxError) as error:
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.') from error
    if label.ndim != 2 or label.dtype not in (np.uint8, np.bool_):
        raise UserError(f'{path} is no 8-bit image of class ids: one channel is needed.')
    return set(np.flatnonzero(np.bincount(label.ravel())).tolist())
