# SPDX-License-Identifier: Apache-2.0
"""Annotations as MMSegmentation reads them: made of masks, and the classes they hold."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from ..datasets.image_files import decode
from ..errors import MissingFileError, UserError
from ..errors.wording import counted
from ..labels.spaces import IGNORE_INDEX
from .folders import spelt
from .layers import Layers, read_layers
from .masks import MaskFile, read_codes
from .scheme import Scheme


def loader(scheme: Scheme) -> str:
    """The transform that loads the annotations."""
    if scheme.label_space == 'multilabel':
        return 'LoadMultiLabelAnnotations'
    return 'LoadBinaryAnnotations' if _zero_is_background(scheme) else 'LoadAnnotations'


def usable_as_it_is(mask: MaskFile | Layers, scheme: Scheme) -> bool:
    """Whether the loader reads the mask's own file right."""
    if not mask.plain or scheme.also:
        return False
    if isinstance(mask, Layers):
        return scheme.label_space == 'multilabel'
    if _zero_is_background(scheme):
        return not mask.palette and set(scheme.codes) <= {0, 1, IGNORE_INDEX}
    ids = scheme.codes == tuple(range(len(scheme.codes)))
    return scheme.kind == 'values' and ids and scheme.ignore <= {IGNORE_INDEX}


def class_ids(mask: MaskFile | Layers, scheme: Scheme) -> np.ndarray:
    """The annotation (H, W) uint8 of class ids, 255 = ignored; not for ``multilabel``."""
    if isinstance(mask, Layers):
        label = np.full(mask.size, IGNORE_INDEX, np.uint8)
        layers = read_layers(mask.paths, mask.least)
        if 'background' in scheme.names:  # with what its own folder has, if there is one
            label[~np.any(list(layers.values()), axis=0)] = scheme.names.index('background')
        for i, name in enumerate(scheme.names):
            if name in layers:
                label[layers[name]] = i
        return label
    codes = read_codes(mask.path, scheme.kind == 'colours')
    values, position = np.unique(codes, return_inverse=True)
    ids = [scheme.class_of.get(value, IGNORE_INDEX) for value in values.tolist()]
    return np.array(ids, np.uint8)[position].reshape(codes.shape)


def layer_maps(mask: Layers, scheme: Scheme) -> dict[str, tuple[Path, np.ndarray]]:
    """For ``multilabel``: file and (H, W) uint8 of 0 and 255 for each class."""
    layers = read_layers(mask.paths, mask.least)
    return {name: (mask.paths[name], layers[name] * np.uint8(255)) for name in scheme.names}


def _zero_is_background(scheme: Scheme) -> bool:
    """Whether any value but 0 is foreground: 255 would otherwise mean "ignored"."""
    if scheme.label_space != 'binary' or scheme.ignore:
        return False
    return scheme.kind == 'values' and scheme.codes[0] == 0


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
            f'{counted(len(missing), "annotation is", "annotations are")} missing: '
            f'{", ".join(missing)}. Add them, or give a '
            'list of the annotated images in place of the image folder.'
        )

    def read(name: str) -> set:
        if overlapping:
            return {c for c, path in zip(of_classes, files[name], strict=True)
                    if decode(str(path)).any()}  # fmt: skip
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
