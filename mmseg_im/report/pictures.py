# SPDX-License-Identifier: Apache-2.0
"""Draws label maps in the palette of the data set, hatched masks, and panels of tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..labels.spaces import IGNORE_INDEX

HATCH_COLOURS = (np.array([70, 70, 70], np.uint8), np.array([225, 225, 225], np.uint8))
IGNORED_COLOUR = np.array([0, 0, 0], np.uint8)


def colourise(label: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Colours label maps with a palette.

    Args:
        label (np.ndarray): (H, W) class ids; 255 becomes black. Or (K, H, W) of 0 and 1 for
            classes that overlap: the smaller class lies on top.
        palette (Sequence): RGB for each class.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.
    """
    if label.ndim == 3:
        present = label == 1
        picture = np.zeros((*label.shape[1:], 3), np.uint8)
        for i in np.argsort(-present.sum(axis=(1, 2)), kind='stable'):
            picture[present[i]] = palette[i]
        return picture
    table = np.zeros((IGNORE_INDEX + 1, 3), np.uint8)
    table[: len(palette)] = palette
    table[IGNORE_INDEX] = IGNORED_COLOUR
    return table[label]


def label_picture(label: torch.Tensor, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Returns the label maps (M, H, W) of one image as a picture (H, W, 3) uint8 RGB."""
    array = label.cpu().numpy()
    return colourise(array if len(array) > 1 else array[0], palette)


def hatch(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draws diagonal stripes of two grays over the masked pixels.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        mask (np.ndarray): (H, W) bool.

    Returns:
        np.ndarray: (H, W, 3) uint8, a new image.
    """
    period = max(4, mask.shape[1] // 30)  # equally wide in tiles of equal size
    rows, columns = np.indices(mask.shape)
    light = ((rows + columns) % period < period // 2)[..., None]
    return np.where(mask[..., None], np.where(light, *HATCH_COLOURS[::-1]), image)


def to_rgb(image: torch.Tensor, size: Sequence[int]) -> np.ndarray:
    """Returns an image (3, h, w) uint8 BGR as (H, W, 3) uint8 RGB, padded with black."""
    picture = np.zeros((*size, 3), np.uint8)
    array = image.cpu().numpy().transpose(1, 2, 0)[: size[0], : size[1], ::-1]
    picture[: array.shape[0], : array.shape[1]] = array
    return picture


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
    tile_width: float = 3.2,
) -> np.ndarray:
    """Draws a grid of tiles with captions above and a legend of the classes below.

    Args:
        rows (Sequence[Sequence[Tile]]): One row for each sample.
        classes (Sequence[str]): Class names of the legend.
        palette (Sequence): Their RGB colours.
        with_mask (bool): Explain the hatch in the legend.
        tile_width (float): Width of a tile in inches at 100 dpi.

    Returns:
        np.ndarray: (height, width, 3) uint8 RGB.
    """
    columns = max(map(len, rows))
    height, width = rows[0][0].image.shape[:2]
    tile_height = tile_width * height / width
    entries = [
        Patch(facecolor=tuple(np.divide(colour, 255)), edgecolor='0.4', label=name)
        for name, colour in zip(classes, palette, strict=True)
    ]
    if with_mask:
        entries.append(
            Patch(facecolor='0.88', edgecolor='0.28', hatch='////', label='inconsistent')
        )
    legend_columns = max(1, int(columns * tile_width / 1.45))
    legend_height = 0.1 + 0.24 * -(-len(entries) // legend_columns) if entries else 0.0
    caption, gap = 0.3, 0.08
    total = (
        columns * (tile_width + gap) + gap,
        len(rows) * (tile_height + caption) + gap + legend_height,
    )
    figure = Figure(figsize=total, dpi=100, facecolor='white')
    canvas = FigureCanvasAgg(figure)
    for r, row in enumerate(rows):
        bottom = total[1] - (r + 1) * (tile_height + caption)
        for c, tile in enumerate(row):
            left = gap + c * (tile_width + gap)
            box = (
                left / total[0],
                bottom / total[1],
                tile_width / total[0],
                tile_height / total[1],
            )
            axes = figure.add_axes(box)
            axes.imshow(tile.image, interpolation='nearest', aspect='auto')
            axes.set_axis_off()
            axes.set_title(tile.caption, fontsize=10, pad=4)
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
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
