# SPDX-License-Identifier: Apache-2.0
"""Label maps painted over their image: areas, thin outlines, and a legend below."""

from collections.abc import Collection, Sequence

import cv2
import numpy as np

from ..labels.spaces import IGNORE_INDEX
from .picture_legend import LEAST_FONT, with_legend
from .pictures import IGNORED, hatch

LEAST_SIDE = 320
"""int: Smaller images are enlarged, so that something is seen."""
WIDE = 1200
"""int: Wider pictures are shown smaller, so their outlines have two pixels."""
ALPHA = 0.5
"""float: Of the areas: as much is seen of the image below."""


def paint(
    image: np.ndarray,
    maps: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    alpha: float = ALPHA,
    with_labels: bool = True,
    also: Collection[str] = (),
) -> np.ndarray:
    """Paints label maps over their image.

    Each class is an area in its colour, the larger ones below, with its outline on top of
    everything, so that a class inside another one hides nothing; a class called background is not
    painted. Ignored pixels are hatched.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        maps (np.ndarray): (1, H, W) class ids, or (K, H, W) of 0 and 1 for overlapping classes.
        classes (Sequence[str]): Class names.
        palette (Sequence): Their RGB colours.
        alpha (float): How opaque the areas are, in [0, 1].
        with_labels (bool): With a legend of what is there, and a small image enlarged.
        also (Collection[str]): Names that the legend has in any case.

    Returns:
        np.ndarray: (h, w, 3) uint8 RGB: the image, enlarged by a whole number, and the legend
        below it.
    """
    times = max(1, -(-LEAST_SIDE // min(image.shape[:2]))) if with_labels else 1
    if max(image.shape[:2]) * times > WIDE:  # a strip does not become a wall
        times = max(1, WIDE // max(image.shape[:2]))
    image = image.repeat(times, axis=0).repeat(times, axis=1)
    maps = maps.repeat(times, axis=1).repeat(times, axis=2)
    present = maps == 1 if len(maps) > 1 else maps == np.arange(len(classes))[:, None, None]
    ignored = (maps == IGNORE_INDEX).all(axis=0)
    painted = _painted(image, present, classes, palette, alpha)
    if ignored.any():
        painted = hatch(painted, ignored, see_through=True)
    if not with_labels:
        return painted
    there = [*(bool(one.any()) for one in present), bool(ignored.any())]
    patches = [*(np.array([[colour]], np.uint8) for colour in palette), _hatched_patch()]
    entries = zip((*classes, IGNORED), patches, there, strict=True)
    return with_legend(
        painted, [(name, patch) for name, patch, found in entries if found or name in also]
    )


def names_in(maps: np.ndarray, classes: Sequence[str]) -> set[str]:
    """Returns the names that the legend of :func:`paint` has for label maps."""
    if len(maps) > 1:
        found = {name for name, one in zip(classes, maps, strict=True) if (one == 1).any()}
    else:
        found = {classes[int(i)] for i in np.unique(maps) if i < len(classes)}
    return found | ({IGNORED} if (maps == IGNORE_INDEX).all(axis=0).any() else set())


def _painted(image, present, classes, palette, alpha) -> np.ndarray:
    areas = present.sum(axis=(1, 2))
    shown = [i for i in np.argsort(-areas, kind='stable') if areas[i]]
    shown = [i for i in shown if classes[i] != 'background']
    painted = image.astype(np.float32)
    for i in shown:
        colour = np.array(palette[i], np.float32)
        painted[present[i]] = (1 - alpha) * image[present[i]] + alpha * colour
    painted = np.ascontiguousarray(painted.round().astype(np.uint8))
    width = 2 if max(image.shape[:2]) > WIDE else 1
    for i in shown:
        contours, _ = cv2.findContours(
            present[i].astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(painted, contours, -1, palette[i], width)
    return painted


def _hatched_patch() -> np.ndarray:
    gray = np.full((LEAST_FONT, LEAST_FONT, 3), 120, np.uint8)
    return hatch(gray, np.ones(gray.shape[:2], bool), see_through=True)
