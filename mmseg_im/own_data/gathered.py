# SPDX-License-Identifier: Apache-2.0
"""Makes images of all formats that a project reads ready to be predicted."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from ..datasets.own_loading import OwnLoading
from ..errors import UserError
from ..files.atomic import write_png
from .folders import SUFFIXES, find_images, not_read
from .images import ImageFile, inspect_image, quiet_opencv, read_8_bit
from .project import link
from .white import levels_text, white_levels

WHERE = 'test_dataloader.dataset'
UNKNOWN = "the level of training is not known: name it in the config, white = {'.tif': 4095}"


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
) -> tuple[dict[str, Source], list[str]]:
    """Links the images below a folder, and writes as PNG what mmcv does not load as it is.

    Images of 16 bits have the white levels of training where these are known. Else the images of
    one suffix in one folder share one, as in ``tools/init_project.py``, and a line is printed.

    Args:
        folder (str or PathLike): Images of any format of ``SUFFIXES``, in any depth.
        aside (Path): Empty folder of this run.
        own (OwnLoading, optional): How a config reads images in a way of its own: all bits and
            channels, arrays. They are then linked as they are.
        suffix (str): Of the config's images, which ``own`` reads, too.
        skip (Collection[str or PathLike]): Folders that are not entered.
        white (Mapping[str, float], optional): White levels of training, by suffix (``'.tif'``).

    Returns:
        tuple[dict[str, Source], list[str]]: The image of each file, by its path relative to
        ``aside``, where it lies as in ``folder``; sentences about the files that were left out.

    Raises:
        MissingFileError, UserError: If there is no folder, or no image in it that can be used.
    """
    suffixes = {*SUFFIXES, suffix.lower()} if own and suffix else {*SUFFIXES}
    left_out = [
        f'{files}: this format is not read. Save them as PNG or TIFF.'
        for files in not_read(folder, skip, suffixes)
    ]
    images: dict[str, ImageFile] = {}
    found: dict[str, Source] = {}
    for name, (path, *twice) in find_images(folder, skip, suffixes).items():
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
        some = ' '.join(left_out[:3])
        raise UserError(
            f'{folder} holds no image that can be used ({", ".join(sorted(suffixes))}). {some}'
        )
    levels = white_levels(images, white)
    for line in levels_text(
        {
            name: image
            for name, image in images.items()
            if image.bits == 16 and image.path.suffix.lower() not in (white or {})
        }
    ):
        print(f'{line} ({UNKNOWN})')
    ready = {}
    for name, source in found.items():
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
