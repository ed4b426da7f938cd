# SPDX-License-Identifier: Apache-2.0
"""What the beginning and the end of an image file tell without decoding it."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_im.datasets.image_files import check_header, decode, header_size
from mmseg_im.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)


def saved(path, kind: str, **options) -> str:
    Image.fromarray(NOISE).save(path, kind, **options)
    return str(path)


@pytest.mark.parametrize(
    'kind, options',
    [
        ('PNG', {}),
        ('JPEG', {}),
        ('JPEG', dict(progressive=True)),
        ('JPEG', dict(comment=b'x' * 9000)),  # the frame begins behind what is read first
        ('JPEG', dict(exif=b'Exif\0\0' + bytes(50))),
        ('BMP', {}),
        ('TIFF', {}),
        ('WEBP', {}),
        ('GIF', {}),
        ('PPM', {}),
    ],
)
def test_size_is_read_from_the_header(tmp_path, kind, options):
    path = saved(tmp_path / 'image', kind, **options)
    assert header_size(path, check_header(path)) == decode(path).shape[:2] == (30, 50)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_size_of_a_photograph_is_that_after_it_was_turned(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / 'photograph.jpg', 'JPEG', exif=exif)
    expected = (30, 50) if orientation < 5 else (50, 30)
    assert header_size(path, check_header(path)) == decode(path).shape[:2] == expected


def test_size_is_unknown_where_only_opencv_reads(tmp_path):
    assert cv2.imwrite(str(tmp_path / 'image.pfm'), NOISE[..., 0].astype(np.float32))
    content = (tmp_path / 'image.pfm').read_bytes()
    (tmp_path / 'image.jpg').write_bytes(b'\xff\xd8\xff' + content + b'\xff\xd9')
    path = str(tmp_path / 'image.jpg')
    assert header_size(path, check_header(path)) is None


@pytest.mark.parametrize('kind', ['PNG', 'JPEG'])
def test_every_cut_is_found_by_the_end(tmp_path, kind):
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, kind)
    path, content = tmp_path / 'image', buffer.getvalue()
    for length in range(0, len(content) - 8, 101):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match='cannot be decoded'):
            check_header(str(path))


@pytest.mark.parametrize(
    'content, said',
    [
        (b'', 'it is empty'),
        (b'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'),
        (b'\n<html><body>Not found</body></html>', 'it is a web page'),
    ],
)
def test_what_it_is_instead_is_said(tmp_path, content, said):
    path = tmp_path / 'image.png'
    path.write_bytes(content)
    for look in (check_header, decode):
        with pytest.raises(UserError, match=f'{path} cannot be decoded as an image: .*{said}'):
            look(str(path))


def test_a_file_that_is_gone_is_named(tmp_path):
    path = str(tmp_path / 'image.png')
    for look in (check_header, decode):
        with pytest.raises(UserError, match=f'{path} cannot be read .No such file'):
            look(path)
