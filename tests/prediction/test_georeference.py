# SPDX-License-Identifier: Apache-2.0
"""Predictions lie where their images lie, whatever the bands of these are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_im.prediction.georeference import geotiff, is_geotiff, is_turned, read_georeference

rasterio = pytest.importorskip('rasterio', reason='pip install rasterio')
PLACE = dict(crs='EPSG:32633', transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6))


def save(path: Path, values: np.ndarray, **options) -> Path:
    count, height, width = values.shape
    with rasterio.open(
        path, 'w', driver='GTiff', count=count, height=height, width=width, dtype=values.dtype,
        **options,
    ) as file:  # fmt: skip
        file.write(values)
    return path


@pytest.mark.parametrize(
    ('bands', 'dtype', 'options'),
    [
        (3, 'float32', dict(photometric='RGB', interleave='pixel')),
        (1, 'float32', {}),
        (3, 'uint16', dict(photometric='RGB', interleave='pixel', compress='lzw')),
        (4, 'uint8', {}),
        (3, 'uint8', dict(photometric='RGB', BIGTIFF='YES')),
        (3, 'uint8', dict(photometric='RGB', ENDIANNESS='BIG')),
    ],
)
def test_bands_of_every_kind_keep_their_place(bands, dtype, options, tmp_path):
    path = save(tmp_path / 'a.tif', np.ones((bands, 16, 24), dtype), **PLACE, **options)
    assert is_geotiff(path) and not is_turned(path)
    (tmp_path / 'label.tif').write_bytes(
        geotiff(np.zeros((16, 24), np.uint8), read_georeference(path))
    )
    with rasterio.open(tmp_path / 'label.tif') as file:
        assert file.crs == PLACE['crs'] and file.transform == PLACE['transform']


def test_ground_control_points_are_copied(tmp_path):
    corners = [(0, 0, 10.0, 50.0), (0, 23, 10.1, 50.0), (15, 0, 10.0, 49.9), (15, 23, 10.2, 49.8)]
    points = [rasterio.control.GroundControlPoint(*corner) for corner in corners]
    path = save(tmp_path / 'a.tif', np.ones((3, 16, 24), np.uint8), gcps=points, crs='EPSG:4326')
    assert is_geotiff(path)
    (tmp_path / 'label.tif').write_bytes(
        geotiff(np.zeros((16, 24), np.uint8), read_georeference(path))
    )
    with rasterio.open(tmp_path / 'label.tif') as file:
        found, crs = file.gcps
    assert crs == 'EPSG:4326' and [(p.row, p.col, p.x, p.y) for p in found] == corners


def test_an_image_that_is_turned_or_broken_has_no_place(tmp_path):
    path = save(tmp_path / 'a.tif', np.ones((3, 16, 24), np.uint8), **PLACE)
    with Image.open(path) as image:
        image.load()
        tags = image.tag_v2
        tags[0x0112] = 6
        image.save(tmp_path / 'turned.tif', tiffinfo=tags)
    assert is_turned(tmp_path / 'turned.tif') and not is_geotiff(tmp_path / 'turned.tif')
    (tmp_path / 'broken.tif').write_bytes(b'II*')
    assert not is_geotiff(tmp_path / 'broken.tif') and not is_turned(tmp_path / 'broken.tif')
