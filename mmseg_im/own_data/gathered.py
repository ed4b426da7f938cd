# SPDX-License-Identifier: Apache-2.0
"""Makes images of all formats that a project reads ready to be predicted."""

import os
from pathlib import Path

from ..errors import UserError
from ..files.atomic import write_png
from .folders import SUFFIXES, find_images
from .images import ImageFile, inspect_image, quiet_opencv, read_8_bit
from .project import link
from .white import white_levels


@quiet_opencv()
def gather(folder: str | os.PathLike, aside: Path) -> tuple[dict[str, ImageFile], list[str]]:
    """Links the images below a folder, and writes as PNG what mmcv does not load as it is.

    Images of 16 bits have the white levels of a project of ``tools/init_project.py``.

    Args:
        folder (str or PathLike): Images of any format of ``SUFFIXES``, in any depth.
        aside (Path): Empty folder of this run.

    Returns:
        tuple[dict[str, ImageFile], list[str]]: The image of each file, by its path relative to
        ``aside``, where it lies as in ``folder``; sentences about the files that were left out.

    Raises:
        MissingFileError, UserError: If there is no folder, or no image in it that can be used.
    """
    images: dict[str, ImageFile] = {}
    left_out = []
    for name, files in find_images(folder).items():
        if len(files) > 1:
            both = ' and '.join(map(str, files))
            left_out.append(f'{both} have one name without suffix. Rename one.')
            continue
        try:
            images[name] = inspect_image(files[0])
        except UserError as error:
            left_out.append(str(error))
    if not images:
        some = ' '.join(left_out[:3])
        raise UserError(f'{folder} holds no image that can be used ({", ".join(SUFFIXES)}). {some}')
    levels = white_levels(images)
    ready = {}
    for name, image in images.items():
        file = name + (image.path.suffix if image.loads else '.png')
        target = aside / file
        if image.loads:
            link(image.path, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_png(target, read_8_bit(image.path, levels[name]))
        ready[file] = image
    return ready, left_out
