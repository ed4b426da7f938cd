# SPDX-License-Identifier: Apache-2.0
"""Folders that want more than to be read, through the converters."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from tests.attacks.converting import GOOD, IMAGE, convert
from tests.conversion.archives import encode, noise, write_folder, write_zip
from tests.tool_runs import assert_refused, run_tool


def png_of(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        )

    head = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    data = chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(bytes(100))) + chunk(b'IEND', b'')
    return b'\x89PNG\r\n\x1a\n' + data


def bmp_of(width: int, height: int) -> bytes:
    head = bytearray(cv2.imencode('.bmp', np.zeros((1, 1, 3), np.uint8))[1].tobytes())
    head[18:26] = struct.pack('<ii', width, height)
    return bytes(head)


@pytest.mark.parametrize('side', [20_000, 100_000])
@pytest.mark.parametrize('name', ['003.bmp', '003.png'])
def test_images_that_claim_a_huge_size(tmp_path, attack, name, side):
    content = png_of(side, side) if name.endswith('png') else bmp_of(side, side)
    write_folder(tmp_path / 'in', GOOD | {f'Dataset 1/{name}': content})
    attack('image that claims a huge size')
    assert_refused(convert(tmp_path, source=tmp_path / 'in' / 'Dataset 1'), '003.bmp', 'million')


@pytest.mark.parametrize('kind', ['file', 'folder', 'archive', 'pipe'])
def test_links_that_lead_out_of_the_folder(tmp_path, attack, kind):
    write_folder(tmp_path / 'elsewhere', {'secret.bmp': IMAGE})
    source = tmp_path / 'in'
    write_folder(source, GOOD)
    link = source / 'Dataset 1' / '010.bmp'
    if kind == 'file':
        link.symlink_to(tmp_path / 'elsewhere' / 'secret.bmp')
    elif kind == 'folder':
        link.symlink_to('../../elsewhere')
    elif kind == 'pipe':
        (source / 'Dataset 1' / '003.bmp').unlink()
        os.mkfifo(source / 'Dataset 1' / '003.bmp')
    else:
        write_zip(tmp_path / 'elsewhere' / 'a.zip', GOOD)
        (source / 'Dataset 1.zip').symlink_to(tmp_path / 'elsewhere' / 'a.zip')
    attack('link or pipe in a source folder')
    names = source if kind == 'archive' else source / 'Dataset 1'
    sentence = 'no ordinary file' if kind == 'pipe' else 'is a symbolic link that leads out of'
    assert_refused(convert(tmp_path, source=names), sentence)


def test_names_that_differ_by_case_alone(tmp_path, attack):
    names = {f'{n}{s}': c for n in ('A_1', 'a_1', *'bcdefghijk')
             for s, c in (('.jpg', encode(noise(8, 8), '.jpg')), ('.bmp', IMAGE))}  # fmt: skip
    for folder in ('train_val', 'TEST'):
        write_folder(tmp_path / 'in', {
            f'{folder}/{"images" if n.endswith("jpg") else "masks"}/{n}': c
            for n, c in names.items()
        })  # fmt: skip
    attack('names that differ by case alone')
    assert_refused(convert(tmp_path, 'suim'))


def test_lists_that_are_no_text(tmp_path, attack):
    for name in ('662', '1323', '2646'):
        write_folder(
            tmp_path / 'in', {f'{name}/{k}.txt': b'\xff\xfeJ\0' for k in ('labeled', 'unlabeled')}
        )
    for content, sentence in ((b'\xff\xfeJ\0', 'UTF-8'), (b'JPEGImages/\x01.jpg', 'line 1')):
        (tmp_path / 'in' / '662' / 'labeled.txt').write_bytes(content)
        attack('published list that is no list')
        ended = run_tool('dataset_converters/splits.py', tmp_path / 'in', '--family', 'blended',
                         '--out', tmp_path / 'out', log=tmp_path / 'log')  # fmt: skip
        assert_refused(ended, 'labeled.txt', sentence)
