# SPDX-License-Identifier: Apache-2.0
"""Draws label maps in the palette of the data set, hatched masks, and panels of tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX

RGB = (2, 1, 0)
"""tuple[int, ...]: Red, green and blue of what OpenCV reads; the first three bands of any image."""
HATCH_COLOURS = (np.array([70, 70, 70], np.uint8), np.array([225, 225, 225], np.uint8))
DPI = 100
IGNORED_COLOUR = np.array([255, 255, 255], np.uint8)  # black and dark gray are classes
IGNORED = 'ignored'
"""str: Name of pixels without a class in legends."""


def colourise(label: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Colours label maps with a palette.

    Args:
        label (np.ndarray): (H, W) class ids; 255 becomes white. Or (K, H, W) of 0 and 1 for
            classes that overlap: the smaller class lies on top, no class is black, and 255 in all
            maps is white.
        palette (Sequence): RGB for each class.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.
    """
    if label.ndim == 3:
        present = label == 1
        picture = np.zeros((*label.shape[1:], 3), np.uint8)
        for i in np.argsort(-present.sum(axis=(1, 2)), kind='stable'):
            picture[present[i]] = palette[i]
        picture[(label == IGNORE_INDEX).all(axis=0)] = IGNORED_COLOUR
        return picture
    table = np.zeros((IGNORE_INDEX + 1, 3), np.uint8)
    table[: len(palette)] = palette
    table[IGNORE_INDEX] = IGNORED_COLOUR
    return table[label]


def label_picture(label: torch.Tensor, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Returns the label maps (M, H, W) of one image as a picture (H, W, 3) uint8 RGB."""
    array = label.cpu().numpy()
    return colourise(array if len(array) > 1 else array[0], palette)


def hatch(image: np.ndarray, mask: np.ndarray, see_through: bool = False) -> np.ndarray:
    """Draws diagonal stripes of two grays over the masked pixels.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        mask (np.ndarray): (H, W) bool.
        see_through (bool): Draw the light stripes alone; between them the image is seen.

    Returns:
        np.ndarray: (H, W, 3) uint8, a new image.
    """
    period = max(4, mask.shape[1] // 30)  # equally wide in tiles of equal size
    rows, columns = np.indices(mask.shape)
    light = ((rows + columns) % period < period // 2)[..., None]
    dark = image if see_through else HATCH_COLOURS[0]
    return np.where(mask[..., None], np.where(light, HATCH_COLOURS[1], dark), image)


def to_rgb(
    image: torch.Tensor, size: Sequence[int], bands: Sequence[int] | None = None
) -> np.ndarray:
    """Draws an image of any number of bands and of any depth.

    Args:
        image (Tensor): (C, h, w), neither normalised nor padded. Other values than 8-bit ones are
            stretched from the smallest to the largest of the picture; NaN becomes black.
        size (Sequence[int]): H and W; what is missing is black, what is more is cut off.
        bands (Sequence[int], optional): The bands to draw as red, green and blue, or one that is
            drawn in gray. None: the first three as blue, green and red, in the order of OpenCV; of
            two bands, blue and green; of one, gray.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.

    Raises:
        UserError: If the image has no such band.
    """
    count = len(image)
    chosen = list(bands or (RGB if count > 1 else (0,)))
    if bands and max(chosen) >= count:
        raise UserError(f'bands={tuple(bands)}: the images have the bands 0 to {count - 1}.')
    array = image.detach().cpu().numpy()[:, : size[0], : size[1]]
    drawn = array[[band for band in chosen if band < count]]
    shown = np.zeros((len(chosen), *drawn.shape[1:]), np.uint8)
    shown[[band < count for band in chosen]] = _to_8_bits(drawn)
    picture = np.zeros((*size, 3), np.uint8)
    picture[: shown.shape[1], : shown.shape[2]] = shown.transpose(1, 2, 0)
    return picture


def check_bands(bands: Sequence[int] | None, where: str) -> None:
    """Raises a UserError if ``bands`` is neither None nor one or three numbers from 0."""
    right = bands is None or (
        not isinstance(bands, str)
        and isinstance(bands, Sequence)
        and len(bands) in (1, 3)
        and all(type(band) is int and band >= 0 for band in bands)
    )
    if not right:
        raise UserError(
            f'{where}: bands={bands!r} must be three numbers of bands, counted from 0, which are '
            'drawn as red, green and blue, or one.'
        )


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(values.shape, np.uint8)
    low, high = finite.min(), finite.max()
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return (255 * (values - low) / max(high - low, np.finfo(float).tiny)).round().astype(np.uint8)


@dataclass
class Tile:
    """One picture of a panel.

    Attributes:
        caption (str): Stands above it.
        image (np.ndarray): (H, W, 3) uint8 RGB.
    """

    caption: str
    image: np.ndarray


def draw_panel(
    rows: Sequence[Sequence[Tile]],
    classes: Sequence[str] = (),
    palette: Sequence[Sequence[int]] = (),
    with_mask: bool = False,
    tile_width: int = 320,
    with_ignored: bool = False,
) -> np.ndarray:
    """Draws a grid of tiles with captions above and a legend of the classes below.

    Args:
        rows (Sequence[Sequence[Tile]]): One row for each sample.
        classes (Sequence[str]): Class names of the legend.
        palette (Sequence): Their RGB colours.
        with_mask (bool): Explain the hatch in the legend.
        tile_width (int): Width of a tile in pixels.
        with_ignored (bool): Explain the colour of ignored pixels in the legend.

    Returns:
        np.ndarray: (height, width, 3) uint8 RGB.
    """
    columns = max(map(len, rows))
    height, width = rows[0][0].image.shape[:2]
    entries = [
        Patch(facecolor=tuple(np.divide(colour, 255)), edgecolor='0.4', label=name)
        for name, colour in zip(classes, palette, strict=True)
    ]
    if with_ignored:
        white = tuple(np.divide(IGNORED_COLOUR, 255))
        entries.append(Patch(facecolor=white, edgecolor='0.4', label=IGNORED))
    if with_mask:
        entries.append(
            Patch(facecolor='0.88', edgecolor='0.28', hatch='////', label='inconsistent')
        )
    legend_columns = max(1, int(columns * tile_width / 145))
    legend_height = 10 + 24 * -(-len(entries) // legend_columns) if entries else 0
    tile = (tile_width, max(1, round(tile_width * height / width)))
    caption, gap = 30, 8
    shape = (
        len(rows) * (tile[1] + caption) + gap + legend_height,
        columns * (tile[0] + gap) + gap,
    )
    size = ((shape[1] + 0.5) / DPI, (shape[0] + 0.5) / DPI)  # rounded down to whole pixels
    figure = Figure(figsize=size, dpi=DPI, facecolor='white')
    canvas = FigureCanvasAgg(figure)
    corners = []
    for r, row in enumerate(rows):
        top = r * (tile[1] + caption) + caption
        for c, one in enumerate(row):
            left = gap + c * (tile[0] + gap)
            corners.append((one.image, top, left))
            middle = (left + tile[0] / 2) / shape[1]
            above = 1 - (top - 6) / shape[0]
            figure.text(middle, above, one.caption, ha='center', va='baseline', fontsize=10)
    if entries:
        figure.legend(
            handles=entries,
            loc='lower center',
            ncols=min(legend_columns, len(entries)),
            frameon=False,
            fontsize=9,
            handlelength=1.2,
            columnspacing=1.2,
        )
    canvas.draw()
    panel = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    for image, top, left in corners:  # an axis of matplotlib for each takes most of the time
        panel[top : top + tile[1], left : left + tile[0]] = cv2.resize(
            image, tile, interpolation=cv2.INTER_NEAREST_EXACT
        )
    return panel
