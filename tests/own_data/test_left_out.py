# SPDX-License-Identifier: Apache-2.0
"""What of the images is not read is said: bands, further pages, formats."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from mmseg_im.errors import UserError
from mmseg_im.own_data.bands import HOW, bands_of, dropped_text
from mmseg_im.own_data.folders import flaws_text
from mmseg_im.own_data.images import inspect_image
from mmseg_im.own_data.notes import notes
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import SIZE, VAL


@pytest.fixture
def write(tmp_path):
    """Writes a TIFF of random bands."""

    def write(bands: int, kind: str, extra: tuple = (), dtype=np.uint8, same=False, name='a.tif'):
        pixels = np.random.default_rng(0).integers(0, 255, (*SIZE, bands)).astype(dtype)
        if same:
            pixels[..., -1] = 255
        how = dict(extrasamples=extra) if extra else {}
        tifffile.imwrite(tmp_path / name, pixels, photometric=kind, planarconfig='contig', **how)
        return tmp_path / name

    return write


@pytest.mark.fast
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ('bands', 'kind', 'extra', 'same', 'found'),
    [
        (3, 'rgb', (), False, (3, 0)),
        (4, 'rgb', ('unspecified',), False, (4, 1)),
        (4, 'rgb', ('unassalpha',), False, (4, 1)),  # GDAL calls infrared so
        (4, 'rgb', ('unassalpha',), True, (4, 0)),
        (4, 'minisblack', (), False, (4, 3)),
    ],
)
def test_bands_that_are_dropped(write, bands, kind, extra, same, dtype, found):
    image = inspect_image(write(bands, kind, extra, dtype, same))
    assert image.bands == found and image.size == SIZE


@pytest.mark.fast
def test_cyan_magenta_yellow_and_black_are_all_read(write):
    assert inspect_image(write(4, 'separated')).bands == (4, 0)


@pytest.mark.fast
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_more_bands_than_can_be_read(write, dtype):
    path = write(6, 'minisblack', dtype=dtype)
    with pytest.raises(UserError) as raised:
        inspect_image(path)
    assert str(raised.value) == f'{path} has 6 bands, and up to 4 are read here. {HOW}'
    tifffile.imwrite(path, np.zeros((6, *SIZE), dtype), photometric='minisblack', bigtiff=True,
                     planarconfig='separate')  # fmt: skip
    assert bands_of(path) == (6, 5)


@pytest.mark.fast
def test_files_without_bands(tmp_path):
    (tmp_path / 'cut.tif').write_bytes(b'II*\0\xff\xff\xff\x7f')
    (tmp_path / 'empty.tif').touch()
    Image.new('RGBA', (4, 4)).save(tmp_path / 'a.png')
    assert bands_of(tmp_path / 'cut.tif') == bands_of(tmp_path / 'empty.tif') == (1, 0)
    assert bands_of(tmp_path / 'a.png') == (0, 0)
    assert dropped_text([(tmp_path / 'a.png', bands_of(tmp_path / 'a.png'))]) == []


def test_init_project_says_what_it_leaves_out(folders, write):
    images, masks = folders()
    write(4, 'rgb', ('unspecified',), name=str(images / 'bands.tif'))
    pages = [Image.new('RGB', SIZE[::-1], (i, 90, 99)) for i in range(3)]
    pages[0].save(images / 'pages.tif', save_all=True, append_images=pages[1:])
    for name in 'abc':
        (images / f'{name}.HEIC').write_bytes(b'whatever')
    (masks / 'x.heic').touch()
    found = survey(images, masks)
    text = flaws_text(found.flaws)
    assert f'not read; save them as PNG or TIFF:\n  3 files *.heic, such as {images}/a.HEIC' in text
    assert {'bands', 'pages'} <= found.images.keys()
    said = '\n'.join(notes(make_plan(found, VAL), 'mine.py'))
    assert f'1 image has bands that are dropped, such as {images}/bands.tif: 1 of 4.' in said
    assert f'1 image has further pages, such as {images}/pages.tif: only the first is read.' in said


def test_images_that_are_all_of_another_format(folders):
    images, masks = folders()
    for path in list(images.iterdir()):
        path.rename(path.with_suffix('.heic'))
    with pytest.raises(UserError, match=r'no images that can be listed\.\n.*\n  .* \*\.heic, such'):
        survey(images, masks)
