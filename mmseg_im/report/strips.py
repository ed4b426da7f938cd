# SPDX-License-Identifier: Apache-2.0
"""A photograph, its label and its mask side by side on a page."""

from collections.abc import Sequence

import cv2
import numpy as np

from .html_page import tile
from .pictures import colourise, hatch

STRENGTH = 0.6  # of the label's colours over the photograph
MASKED = 0.25  # share of a pixel of a reduced picture from which on it is hatched
CSS = """
.strip { display: grid; gap: 8px; margin-bottom: 8px; grid-template-columns: repeat(3, 1fr); }
figure img { width: 100%; }
@media (max-width: 640px) { .strip { grid-template-columns: 1fr; } }
section { border-top: 1px solid #ddd; margin-top: 22px; }
"""


def strip(
    image: np.ndarray, label: np.ndarray, mask: np.ndarray, palette: Sequence[Sequence[int]],
    captions: tuple[str, str, str], width: int,
) -> str:  # fmt: skip
    """Returns three tiles as HTML: the photograph, the label over it, and the mask over it.

    Args:
        image (np.ndarray): (h, w, 3) uint8 RGB, of any size.
        label (np.ndarray): (M, H, W) uint8.
        mask (np.ndarray): (H, W) bool.
        palette (Sequence): RGB colour of each class.
        captions (tuple[str, str, str]): Of the tiles.
        width (int): Of a tile in pixels. What is larger is made smaller before it is drawn, so
            that a large image takes little memory.
    """
    size = mask.shape[1], mask.shape[0]
    if size[0] > width:
        size = width, max(round(width * size[1] / size[0]), 1)
        mask = cv2.resize(255 * mask.view(np.uint8), size, interpolation=cv2.INTER_AREA)
        mask = mask >= 255 * MASKED
        label = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_NEAREST) for one in label])
    if image.shape[1::-1] != size:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    colours = colourise(label if len(label) > 1 else label[0], palette)
    shown = np.ones(mask.shape, bool) if len(label) == 1 else (label == 1).any(axis=0)
    mixed = (STRENGTH * colours + (1 - STRENGTH) * image).astype(np.uint8)
    over = np.where(shown[..., None], mixed, image)
    pictures = image, hatch(over, mask, see_through=True), hatch(image, mask)
    tiles = [tile(*both, width) for both in zip(pictures, captions, strict=True)]
    return f'<div class="strip">{"".join(tiles)}</div>'
