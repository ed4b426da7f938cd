# SPDX-License-Identifier: Apache-2.0
"""Reads image files, their sizes without decoding, and finds files that are cut off."""

import os
import struct

import cv2
import numpy as np
from PIL import Image

from ..errors import MissingFileError, UserError

HEAD = 4096  # bytes in which most JPEGs state their size
TAIL = 1024  # bytes in which a file has its end mark
JPEG, PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
JPEG2000 = b'\x00\x00\x00\x0cjP  ', b'\xff\x4f\xff\x51'
# Start-of-frame segments: all from 0xC0 but tables (C4), an extension (C8) and conditioning (CC)
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
PRESENT, UNDECIDED = 255, 128
"""int: Values where a label to be finished says of one class whether it is present. Such files
cannot say "ignored": what is not 0 is loaded as present, so that the undecided has its own."""


def check_exists(path: str, where: str, remedy: str) -> None:
    """Raises a MissingFileError if there is no ordinary file.

    Args:
        path (str): The file.
        where (str): Config key, for the message.
        remedy (str): What to do, for the message.
    """
    if os.path.isfile(path):
        return
    if os.path.isdir(path):
        problem = 'is a folder and no file'
    elif os.path.islink(path):
        problem = f'is a link to {os.readlink(path)}, which does not exist'
    elif os.path.exists(path):
        problem = 'is no ordinary file'
    else:
        problem = 'does not exist'
    raise MissingFileError(f'{where}: {path} {problem}. {remedy}')


def decode(path: str, flag: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Decodes an image file.

    Args:
        path (str): The file.
        flag (int): Of :func:`cv2.imdecode`; default: three channels, 8 bits.

    Returns:
        np.ndarray: (H, W, 3) uint8 BGR, or as ``flag`` says.

    Raises:
        UserError: If it cannot be read or decoded.
    """
    # with imdecode, as mmcv reads: unlike imread it refuses half a JPEG
    try:
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, flag) if content.size else None
    except OSError as error:
        raise UserError(f'{path} cannot be read ({error.strerror}). Replace the file.') from error
    except cv2.error:  # more pixels than OpenCV allows
        image = None
    if image is None:
        raise undecodable(path)
    return image


def class_ids(path: str) -> np.ndarray:
    """Decodes an annotation as ``LoadAnnotations`` does; a palette image gives its indices.

    Returns:
        np.ndarray: (H, W), or (H, W, channels) of a colour image, as stored in the file.

    Raises:
        UserError: If it cannot be read or decoded.
    """
    try:
        with Image.open(path) as image:
            return np.array(image)
    except Exception as error:  # what a broken file raises depends on its format
        raise undecodable(path) from error


def is_set(path: str) -> np.ndarray:
    """Returns (H, W) bool: where a mask file of any depth and channels is not zero."""
    return np.any(mask_values(path), axis=-1)


def mask_values(path: str) -> np.ndarray:
    """Returns (H, W, 3) uint8 or uint16: the values of a mask file of any depth and channels."""
    # with 8 bits a 16-bit mask of 0 and 1 would be empty
    return decode(path, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)


def lossy_kind(path: str) -> str:
    """Returns ``JPEG``, ``JPEG2000`` or ``WEBP`` if a file begins like one that loses values."""
    with open(path, 'rb') as file:
        head = file.read(12)
        if head.startswith(JPEG):
            return 'JPEG'
        if head.startswith(JPEG2000):
            return 'JPEG2000'
        if not (head.startswith(b'RIFF') and head.endswith(b'WEBP')):
            return ''
        while len(chunk := file.read(8)) == 8:  # others may come before the pixels
            if chunk[:4] in (b'VP8 ', b'VP8L'):
                return 'WEBP' if chunk[:4] == b'VP8 ' else ''
            size = int.from_bytes(chunk[4:], 'little')
            file.seek(size + size % 2, os.SEEK_CUR)
    return 'WEBP'  # an animation


def check_header(path: str) -> bytes:
    """Checks that a file begins like an image and, if a JPEG or PNG, has its end mark.

    Returns:
        bytes: Its first 4096 bytes.

    Raises:
        UserError: If it does not.
    """
    try:
        with open(path, 'rb', buffering=0) as file:
            head = file.read(HEAD)
            file.seek(max(os.fstat(file.fileno()).st_size - TAIL, 0))
            tail = file.read()
    except OSError as error:
        raise UserError(f'{path} cannot be read ({error.strerror}). Replace the file.') from error
    known = head.startswith((JPEG, PNG)) or (head and cv2.haveImageReader(path))
    if not known or _lacks_end(head, tail):
        raise undecodable(path)
    return head


def header_size(path: str, head: bytes) -> tuple[int, int] | None:
    """Returns the height and width that an image file states, without decoding it.

    Args:
        path (str): The file.
        head (bytes): From :func:`check_header`.

    Returns:
        tuple[int, int]: Of the decoded image, turned as its EXIF data say; None if only decoding
        tells.
    """
    if head.startswith(PNG) and head[12:16] == b'IHDR':
        width, height = struct.unpack('>II', head[16:24])
        return height, width
    size = _frame_size(head) if head.startswith(JPEG) and b'Exif\0' not in head else None
    if size is not None:
        return size
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) >= 5  # its orientation
            return image.size if turned else image.size[::-1]
    except Exception:  # Pillow does not know every format that OpenCV does
        return None


def _frame_size(head: bytes) -> tuple[int, int] | None:
    """Returns height and width of a JPEG's first frame, None if it begins beyond ``head``."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in FRAMES:
            return struct.unpack('>HH', head[at + 5 : at + 9])
        at += 2 + int.from_bytes(head[at + 2 : at + 4], 'big')
    return None


def undecodable(path: str) -> UserError:
    """Returns the error for a file that is no image; it says what the file is, if that shows."""
    problem = ''
    try:
        with open(path, 'rb') as file:
            head = file.read(200)
    except OSError as error:
        head, problem = b'-', f': {error.strerror}'
    if not head:
        problem = ': it is empty'
    elif head.startswith(b'version https://git-lfs'):
        problem = ': it is a pointer of Git LFS (git lfs pull gets the file)'
    elif head.lstrip().lower().startswith((b'<!doctype', b'<html')):
        problem = ': it is a web page'
    return UserError(f'{path} cannot be decoded as an image{problem}. Replace the file.')


def is_cut(path: str) -> bool:
    """Returns whether a JPEG or PNG is empty or lacks its end mark, without decoding it."""
    with open(path, 'rb') as file:
        head = file.read(4)
        file.seek(-min(os.path.getsize(path), TAIL), os.SEEK_END)
        return not head or _lacks_end(head, file.read())


def is_cut_content(content: bytes) -> bool:
    """Returns the same as :func:`is_cut`, for the content of a file."""
    return not content or _lacks_end(content[:4], content[-TAIL:])


def _lacks_end(head: bytes, tail: bytes) -> bool:
    end_marks = {b'\xff\xd8': b'\xff\xd9', b'\x89P': b'IEND'}
    return end_marks.get(head[:2], b'') not in tail
