# SPDX-License-Identifier: Apache-2.0
"""Which file is the mask of which image."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import UserError
from .files import composed, composed_name, find_images
from .flaws import Flaw

TWICE = 'Two files have one name without suffix, so a list cannot tell them apart; rename one'
EDGE = 'Names that begin or end with a blank cannot be listed; rename them'
NO_IMAGE = 'Masks without an image of their name'
NO_LAYER = 'Images with a mask in some class folders only; add an empty mask (0) to the others'


def unique(found: Mapping[str, list[Path]], flaws: list[Flaw]) -> dict[str, Path]:
    """One file a name; others, and names that a list cannot hold, are flaws."""
    files = {}
    for name, paths in found.items():
        if len(paths) > 1:
            flaws.append(Flaw(TWICE, ' and '.join(map(str, paths)), '', name))
        elif name != name.strip() or '\n' in name:
            flaws.append(Flaw(EDGE, repr(str(paths[0])), '', name))
        else:
            files[name] = paths[0]
    return files


def class_folders(masks, images, names: Iterable[str]) -> list[str]:
    """Names of sub-folders if masks lie in one for each class; else none."""
    found = find_images(masks, skip=[images])
    heads = {name.partition('/')[0] for name in found if '/' in name}
    direct = sum(composed_name(name) in names for name in found)
    below = sum(composed_name(name.partition('/')[2]) in names for name in found)
    return sorted(heads) if below > direct else []


def layer_files(masks, folders, names, classes, flaws) -> dict[str, dict[str, Path]]:
    """The masks of each image by class; names of classes in composed Unicode."""
    folders = {composed_name(folder): folder for folder in folders}
    if classes is not None and set(classes) - set(folders):
        raise UserError(
            f'--classes: {", ".join(sorted(set(classes) - set(folders)))} is no folder in '
            f'{masks}; there are {", ".join(folders)}.'
        )
    classes = list(classes or folders)
    by_class = {}
    for cls in classes:
        found: list[Flaw] = []
        by_class[cls] = unique(composed(find_images(Path(masks, folders[cls]))), found)
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


def renamed(found: dict, names: Iterable[str], reasons: list[str]) -> dict:
    """Masks by the name of their image, where all masks end in one tail such as ``_mask``.

    Raises:
        UserError: If two tails are equally frequent.
    """
    if not found or any(name in names for name in found):
        return found
    tails = Counter(tail for name in found if (tail := _tail(name, names)))
    if not tails:
        return found
    (tail, count), *others = tails.most_common(2)
    if others and others[0][1] == count:
        raise UserError(
            f'Masks are called as their image and {tail!r}, and as many as their image and '
            f'{others[0][0]!r}. Give all masks the names of their images; where each image has '
            'a mask for each class, put them into one folder for each class.'
        )
    reasons.append(
        f'names: a mask is called as its image and {tail!r}, because that holds for {count} of '
        f'{len(found)}'
    )
    return {name.removesuffix(tail): paths for name, paths in found.items()}


def _tail(name: str, names: Iterable[str]) -> str:
    """What follows the longest name of an image; no number is cut: frame1 is not in frame10."""
    for cut in range(len(name) - 1, 0, -1):
        if name[:cut] in names and not (name[cut - 1].isdigit() and name[cut].isdigit()):
            return name[cut:]
    return ''
