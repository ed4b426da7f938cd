# SPDX-License-Identifier: Apache-2.0
"""Makes images of all formats that a project reads ready to be predicted."""

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from rich.progress import track

from ..datasets.own_loading import OwnLoading
from ..errors import UserError
from ..files.atomic import write_png
from .folders import SUFFIXES, find_images, not_read
from .images import ImageFile, inspect_image, quiet_opencv, read_8_bit
from .project import link
from .white import levels_text, white_levels

WHERE = 'test_dataloader.dataset'


class Source(NamedTuple):
    """An image to predict.

    Attributes:
        path (Path): Its file.
        size (tuple[int, int]): Height and width in pixels.
    """

    path: Path
    size: tuple[int, int]


@quiet_opencv()
def gather(
    folder: str | os.PathLike,
    aside: Path,
    own: OwnLoading | None = None,
    suffix: str = '',
    skip: Collection[str | os.PathLike] = (),
    white: Mapping[str, float] | None = None,
    config: str = 'the config',
) -> tuple[dict[str, Source], list[str]]:
    """Links the images below a folder, and writes as PNG what mmcv does not load as it is.

    Images of 16 bits have the white levels of training where these are known. Else the images of
    one suffix in one folder share one, as in ``tools/init_project.py``, which is printed.

    Args:
        folder (str or PathLike): Images of any format of ``SUFFIXES``, in any depth.
        aside (Path): Empty folder of this run.
        own (OwnLoading, optional): How a config reads images in a way of its own: all bits and
            channels, arrays. They are then linked as they are.
        suffix (str): Of the config's images, which ``own`` reads, too.
        skip (Collection[str or PathLike]): Folders that are not entered.
        white (Mapping[str, float], optional): White levels of training, by suffix (``'.tif'``).
        config (str): Its file, in which they can be written.

    Returns:
        tuple[dict[str, Source], list[str]]: The image of each file, by its path relative to
        ``aside``, where it lies as in ``folder``; sentences about the files that were left out.

    Raises:
        MissingFileError, UserError: If there is no folder, or no image in it that can be used.
    """
    suffixes = suffixes_read(own, suffix)
    left_out = [
        f'{files}: this format is not read. Save them as PNG or TIFF.'
        for files in not_read(folder, skip, suffixes)
    ]
    images: dict[str, ImageFile] = {}
    found: dict[str, Source] = {}
    quiet = not sys.stdout.isatty()
    there = find_images(folder, skip, suffixes).items()
    for name, (path, *twice) in track(there, 'Reading images', transient=True, disable=quiet):
        if twice:
            both = ' and '.join(map(str, (path, *twice)))
            left_out.append(f'{both} have one name without suffix. Rename one.')
            continue
        try:
            if own is not None:
                size = own.load_image(dict(img_path=str(path)), WHERE).shape[:2]
            else:
                images[name] = inspect_image(path)
                size = images[name].size
        except UserError as error:
            left_out.append(str(error))
            continue
        found[name] = Source(path, size)
        if own is None and images[name].more_pages:
            left_out.append(
                f'{path} has further pages; only the first is predicted. Save each as a file.'
            )
    if not found:
        kinds = ', '.join(sorted(suffixes))
        raise UserError(
            ' '.join([f'{folder} holds no image that can be used ({kinds}).', *left_out[:3]])
        )
    levels = white_levels(images, white)
    _say_guessed(images, levels, white or {}, config)
    ready = {}
    for name, source in track(found.items(), 'Preparing images', transient=True, disable=quiet):
        loads = own is not None or images[name].loads
        file = name + (source.path.suffix if loads else '.png')
        target = aside / file
        if loads:
            link(source.path, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_png(target, read_8_bit(source.path, levels[name]))
        ready[file] = source
    return ready, left_out


def suffixes_read(own: OwnLoading | None, suffix: str) -> set[str]:
    """Returns the suffixes of images, with that which a config reads in a way of its own."""
    return {*SUFFIXES, suffix.lower()} if own and suffix else {*SUFFIXES}


def _say_guessed(
    images: Mapping[str, ImageFile],
    levels: Mapping[str, float],
    white: Mapping[str, float],
    config: str,
) -> None:
    """Prints the white levels that no training gives, and where to write another one."""
    guessed = {
        name: image
        for name, image in images.items()
        if image.bits == 16 and image.path.suffix.lower() not in white
    }
    for line in levels_text(guessed):
        print(line)
    found: dict[str, int] = {}
    for name, image in guessed.items():
        suffix = image.path.suffix.lower()
        found[suffix] = max(found.get(suffix, 0), int(levels[name]))
    if found:
        print(
            'If training had images of 16 bits with another white level, write that level into '
            f'{config}: white = {found}'
        )
