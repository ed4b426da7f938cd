# SPDX-License-Identifier: Apache-2.0
"""Ways in which a file of a data set is broken, each a function that replaces the file."""

import io
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

Rot = Callable[[Path], None]


def content(make: bytes | Callable[[bytes], bytes]) -> Rot:
    """A function that writes bytes, or makes them of those that are there."""

    def rot(path: Path) -> None:
        old = path.read_bytes()
        path.unlink()  # it may be a link
        path.write_bytes(make if isinstance(make, bytes) else make(old))

    return rot


def in_place_of(make: Callable[[Path], None]) -> Rot:
    """A function that removes the file before it puts something there."""

    def rot(path: Path) -> None:
        path.unlink()
        make(path)

    return rot


def array(make: Callable[[np.ndarray], np.ndarray], encoder: str = '.png') -> Rot:
    """A function that changes the pixels."""

    def rot(path: Path) -> None:
        old = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        path.write_bytes(cv2.imencode(encoder, make(old))[1].tobytes())

    return rot


def pillow(make: Callable[[Image.Image], Image.Image], kind: str = 'PNG') -> Rot:
    """A function that saves another image with Pillow, which knows more modes."""

    def rot(path: Path) -> None:
        with Image.open(path) as old:
            new = make(old)
        buffer = io.BytesIO()
        new.save(buffer, kind)
        path.write_bytes(buffer.getvalue())

    return rot


def _png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
        )

    header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    body = chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(1000)))
    return b'\x89PNG\r\n\x1a\n' + body + chunk(b'IEND', b'')


# What no image may be. In training, too, whatever is loaded of these ends in a sentence.
ANY: dict[str, Rot] = {
    'missing': Path.unlink,
    'folder': in_place_of(Path.mkdir),
    'link to nothing': in_place_of(lambda path: path.symlink_to('nowhere.png')),
    'link to itself': in_place_of(lambda path: path.symlink_to(path.name)),
    'link to a folder': in_place_of(lambda path: path.symlink_to('..')),
    'named pipe': in_place_of(os.mkfifo),
    'empty': content(b''),
    'one byte': content(b'\x89'),
    'zeros': content(bytes(500)),
    'noise': content(np.random.default_rng(7).bytes(900)),
    'text': content(b'This is no image.\n' * 9),
    'web page': content(b'<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n'),
    'LFS pointer': content(b'version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n'),
    'vector graphic': content(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    'PDF': content(b'%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n'),
    'archive': content(b'PK\x03\x04' + bytes(60)),
    'pickle': content(pickle.dumps(dict(image=[1, 2, 3]))),
    'signature alone': content(lambda old: old[:8]),
    'first half': content(lambda old: old[: len(old) // 2]),
    'header alone': content(lambda old: old[:40]),
    'beginning lost': content(lambda old: old[16:]),
    'first byte flipped': content(lambda old: bytes([old[0] ^ 0xFF]) + old[1:]),
    'text before the image': content(lambda old: b'x' + old),
}

# What an annotation of class ids 0 and 1 may not be.
LABELS: dict[str, Rot] = {
    'value 2': array(lambda old: np.where(old == 1, 2, old).astype(np.uint8)),
    'value 254': array(lambda old: np.full_like(old, 254)),
    '16 bits': array(lambda old: old.astype(np.uint16) * 300),
    'three channels': array(lambda old: cv2.cvtColor(old, cv2.COLOR_GRAY2BGR)),
    'four channels': array(lambda old: cv2.cvtColor(old, cv2.COLOR_GRAY2BGRA)),
    'grey with alpha': pillow(lambda old: old.convert('LA')),
    'half the size': array(lambda old: old[::2, ::2]),
    'turned': array(lambda old: np.ascontiguousarray(old.T)),
    'one row less': array(lambda old: old[1:]),
    '32 bits': pillow(lambda old: Image.fromarray(np.array(old, np.int32) - 7), 'TIFF'),
    'fractions': pillow(lambda old: Image.fromarray(np.array(old, np.float32) + 0.5), 'TIFF'),
    'more pixels than memory': content(_png_of(60000, 60000)),
}  # fmt: skip
