# SPDX-License-Identifier: Apache-2.0
"""Leaves out images of which nothing is left at the size of training."""

from dataclasses import replace

from ..datasets.narrow_images import vanishes
from ..errors import UserError
from .folders import Flaw, flaws_text
from .survey import Survey

NARROW = (
    'Images so narrow that no pixel of their shorter side is left at the size of training; cut '
    'them into parts'
)
LEAST = 0.5  # of the size: the smallest scale of RandomResize in the configs


def without_narrow(found: Survey, size: tuple[int, int]) -> Survey:
    """Returns a survey without the images that are too narrow, which are flaws of it.

    Args:
        found (Survey): What there is.
        size (tuple[int, int]): Height and width to which images are brought.

    Raises:
        UserError: If fewer than two annotated images are left.
    """
    scale = int(LEAST * size[1]), int(LEAST * size[0])
    narrow = {name: image for name, image in found.images.items() if vanishes(image.size, scale)}
    if not narrow:
        return found
    flaws = [
        Flaw(NARROW, str(image.path), f'{image.size[1]}x{image.size[0]} (width x height)', name)
        for name, image in narrow.items()
    ]
    images = {name: image for name, image in found.images.items() if name not in narrow}
    masks = {name: mask for name, mask in found.masks.items() if name not in narrow}
    if len(masks) < 2:
        raise UserError(
            'Two images with a mask are needed: one to train, one to measure on.\n'
            + flaws_text(flaws)
        )
    return replace(found, images=images, masks=masks, flaws=[*found.flaws, *flaws])
