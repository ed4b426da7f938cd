# SPDX-License-Identifier: Apache-2.0
"""Where on the earth an image lies, and label maps that lie there, too: GeoTIFF, with rasterio."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

TAGS = 33550, 33922, 34264
"""tuple[int, ...]: Scale, tie points and transformation of a GeoTIFF."""
ORIENTATION = 0x0112
NEEDED = (
    'Predictions are PNG without georeference, because rasterio is not installed. For GeoTIFF: '
    'pip install rasterio'
)


class Georeference(NamedTuple):
    """Of a GeoTIFF.

    Attributes:
        crs (Any): Coordinate reference system, of rasterio.
        transform (Any): From pixels to coordinates, of rasterio.
        gcps (Sequence): Ground control points of rasterio, in place of the transform.
    """

    crs: Any
    transform: Any
    gcps: Sequence[Any] = ()


def is_geotiff(path: Path) -> bool:
    """Returns whether a file is a TIFF that says where on the earth it lies.

    A TIFF that is turned by its orientation is none: the place of its pixels is not that of its
    georeference.
    """
    tags = _tags(path)
    return any(tag in tags for tag in TAGS) and tags.get(ORIENTATION, 1) == 1


def is_turned(path: Path) -> bool:
    """Returns whether a file is a TIFF that lies on the earth and is turned."""
    tags = _tags(path)
    return any(tag in tags for tag in TAGS) and tags.get(ORIENTATION, 1) != 1


def _tags(path: Path) -> Mapping[int, Any]:
    """The tags of the first image of a TIFF, also of pixels that Pillow does not decode."""
    if path.suffix.lower() not in ('.tif', '.tiff'):
        return {}
    try:
        with open(path, 'rb') as file:
            header = file.read(8)
            header += file.read(8) if header[2:3] == b'+' or header[3:4] == b'+' else b''
            tags = ImageFileDirectory_v2(header)
            file.seek(tags.next)
            tags.load(file)
            return {tag: tags[tag] for tag in (*TAGS, ORIENTATION) if tag in tags}
    except Exception:  # what a broken file raises depends on its kind
        return {}


def can_georeference() -> bool:
    """Returns whether rasterio is installed."""
    try:
        import rasterio  # noqa: F401
    except ImportError:
        return False
    return True


def read_georeference(path: Path) -> Georeference:
    """Returns where a GeoTIFF lies."""
    import rasterio

    with rasterio.open(path) as file:
        points, crs = file.gcps
        return Georeference(crs if points else file.crs, file.transform, points)


def geotiff(
    values: np.ndarray, place: Georeference, colours: list[tuple[int, ...]] | None = None
) -> bytes:
    """Returns a label map as a GeoTIFF of one band, compressed without loss.

    Args:
        values (np.ndarray): (H, W) uint8.
        place (Georeference): Of the image.
        colours (list, optional): RGB colour of each value, from 0.
    """
    from rasterio.io import MemoryFile

    height, width = values.shape
    profile = dict(
        driver='GTiff', height=height, width=width, count=1, dtype='uint8', crs=place.crs,
        compress='deflate', tiled=True, blockxsize=256, blockysize=256,
    )  # fmt: skip
    profile |= dict(gcps=place.gcps) if place.gcps else dict(transform=place.transform)
    with MemoryFile() as memory:
        with memory.open(**profile) as file:
            if colours is not None:
                file.write_colormap(1, dict(enumerate(colours)))
            file.write(values, 1)
        return memory.read()
