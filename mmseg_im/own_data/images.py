# SPDX-License-Identifier: Apache-2.0
"""What an image file holds, and how it becomes what mmcv loads: three channels of 8 bits."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..datasets.image_files import is_cut
from ..errors import UserError
from ..files.image_size import check_size


@dataclass(frozen=True)
class ImageFile:
    """An image that can be decoded.

    Attributes:
        path (Path): The file.
        size (tuple[int, int]): Height and width in pixels, turned as its EXIF entry says.
        mode (str): Its channels as Pillow names them, such as ``RGB``, ``L`` (gray) or ``RGBA``.
        bits (int): 8 or 16 for each channel.
        largest (int): The largest value, for 16 bits; otherwise 255.
        loads (bool): Whether mmcv loads the file as it is without a loss.
    """

    path: Path
    size: tuple[int, int]
    mode: str
    bits: int
    largest: int
    loads: bool


def inspect_image(path: Path) -> ImageFile:
    """Decodes an image.

    Raises:
        UserError: If it cannot be read or decoded, or not into whole numbers of 8 or 16 bits.
    """
    pixels, by_opencv = _decode(path)
    bits = 16 if pixels.dtype == np.uint16 else 8
    try:
        with Image.open(path) as image:
            mode = 'gray' if image.mode.startswith(('I', 'L')) else image.mode
    except Exception:  # OpenCV knows formats that Pillow does not
        mode = 'RGB'
    largest = int(pixels.max()) if bits == 16 else 255
    return ImageFile(path, pixels.shape[:2], mode, bits, largest, by_opencv and bits == 8)


def read_8_bit(path: Path, largest: int = 255) -> np.ndarray:
    """Reads an image as (H, W, 3) uint8, channels blue, green, red.

    Args:
        path (Path): See :func:`inspect_image`.
        largest (int): For 16 bits: the value that becomes 255, the same for all images.
    """
    pixels, _ = _decode(path)
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels.astype(np.float32) * (255 / largest)).clip(0, 255)
    return pixels.astype(np.uint8)


def full_scale(largest: int) -> int:
    """The white of a camera whose brightest pixel is ``largest``: 1023, 4095, ..., 65535.

    Cameras with 10, 12 or 14 bits write 16-bit files, which are almost black on the scale of 16.
    """
    return 2 ** max(int(largest).bit_length(), 8) - 1


def _decode(path: Path) -> tuple[np.ndarray, bool]:
    """Pixels (H, W, 3), uint8 or uint16, and whether OpenCV decoded them, as mmcv does."""
    try:
        cut = is_cut(str(path))
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise UserError(
            f'{path} cannot be read ({error.strerror}). Replace the file or its link.'
        ) from error
    if cut:
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.')
    check_size(path, str(path))
    set_level = getattr(cv2, 'setLogLevel', None)
    level = None if set_level is None else set_level(0)
    try:
        pixels = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        pixels = None
    finally:
        if set_level is not None:
            set_level(level)
    if pixels is not None and pixels.dtype in (np.uint8, np.uint16):
        return pixels, True
    try:
        with Image.open(path) as image:
            if image.mode in ('F', 'I'):
                raise UserError(f'{path} has 32 bits a pixel. Save it with 8 or 16.')
            return np.array(image.convert('RGB'))[..., ::-1], False
    except UserError:
        raise
    except Exception as error:  # what a broken file raises depends on its kind
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.') from error
