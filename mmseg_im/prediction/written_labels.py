# SPDX-License-Identifier: Apache-2.0
"""Writes the label maps of predictions: PNG, or GeoTIFF for an image that is one."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..files.atomic import write_aside, write_png
from ..files.label_png import colours_of_ids, write_ids
from .georeference import Georeference, geotiff


class Labels(NamedTuple):
    """The form of the label maps of a data set.

    Attributes:
        classes (Sequence[str]): Class names.
        palette (Sequence[Sequence[int]]): Their RGB colours.
    """

    classes: Sequence[str]
    palette: Sequence[Sequence[int]]

    def write(self, folder: Path, name: str, label: np.ndarray, place: Georeference | None) -> None:
        """Writes the label of an image.

        Args:
            folder (Path): Where to.
            name (str): Of the image, without suffix.
            label (np.ndarray): (M, H, W) uint8. Of one map, class ids are written with the
                palette; of classes that overlap, 0 and 255 in a folder for each.
            place (Georeference, optional): Of the image.
        """
        if len(label) > 1:
            for cls, one in zip(self.classes, label, strict=True):
                write_mask(folder / cls, name, one == 1, place)
            return
        if place is None:
            write_ids(folder / f'{name}.png', label[0], self.palette)
        else:
            content = geotiff(label[0], place, colours_of_ids(self.palette))
            write_aside(folder / f'{name}.tif', content)


def write_mask(folder: Path, name: str, mask: np.ndarray, place: Georeference | None) -> None:
    """Writes a map (H, W) bool as 0 and 255."""
    values = 255 * mask.view(np.uint8)
    if place is None:
        write_png(folder / f'{name}.png', values)
    else:
        write_aside(folder / f'{name}.tif', geotiff(values, place))
