# SPDX-License-Identifier: Apache-2.0
"""Masks with a sub-folder for each class."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from ..errors import UserError
from .folders import NO_IMAGE, Flaw, unique

NO_LAYER = 'Images with a mask in some class folders only; add an empty mask (0) to the others'


def class_folders(
    found: Mapping[str, list[Path]], names: Collection[str], image: Callable[[str], str]
) -> dict[str, dict[str, list[Path]]]:
    """The files of each class by name, if masks lie in a sub-folder for each class; else none.

    Args:
        found (Mapping[str, list[Path]]): All masks; see :func:`find_images`.
        names (Iterable[str]): Of all images.
        image (Callable): The name of the image that belongs to that of a mask.
    """
    by_class: dict[str, dict[str, list[Path]]] = {}
    for name, files in found.items():
        head, _, rest = name.partition('/')
        if rest:
            by_class.setdefault(head, {})[rest] = files
    direct = sum(image(name) in names for name in found)
    below = sum(image(name) in names for files in by_class.values() for name in files)
    return {cls: by_class[cls] for cls in sorted(by_class)} if below > direct else {}


def layer_files(masks, folders, names, classes, flaws) -> dict[str, dict[str, Path]]:
    """The masks of each image by class."""
    if classes is not None and set(classes) - set(folders):
        raise UserError(
            f'--classes: {", ".join(sorted(set(classes) - set(folders)))} is no folder in '
            f'{masks}; there are {", ".join(folders)}.'
        )
    classes = list(classes or folders)
    by_class = {}
    for cls in classes:
        found: list[Flaw] = []
        by_class[cls] = unique(folders[cls], found)
        flaws += found
    everyone = sorted({name for files in by_class.values() for name in files})
    layers = {}
    for name in everyone:
        files = {cls: by_class[cls][name] for cls in classes if name in by_class[cls]}
        if name not in names:
            flaws += [Flaw(NO_IMAGE, str(path)) for path in files.values()]
        elif len(files) < len(classes):
            lacks = ', '.join(cls for cls in classes if cls not in files)
            flaws.append(Flaw(NO_LAYER, str(next(iter(files.values()))), f'none in {lacks}', name))
        else:
            layers[name] = files
    return layers
