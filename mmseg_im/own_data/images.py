# SPDX-License-Identifier: Apache-2.0
"""What an image file holds, and how it becomes what mmcv loads: three channels of 8 bits."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..compat import opencv_log
from ..datasets.image_files import is_cut
from ..errors import UserError
from ..errors.wording import counted
from ..files.image_size import check_size
from .bands import HOW, MOST, Bands, bands_of
from .pages import has_more_pages

SAMPLE = 256  # rows and columns that tell how dark an image is


@dataclass(frozen=True)
class ImageFile:
    """An image that can be decoded.

    Attributes:
        path (Path): The file.
        size (tuple[int, int]): Height and width in pixels, turned as its EXIF entry says.
        mode (str): Its channels as Pillow names them, such as ``RGB``, ``gray`` or ``RGBA``.
        bits (int): 8 or 16 for each channel, or 32: floats from 0 to 1.
        largest (float): The largest value, for 16 bits; otherwise what is white, 255 or 1.
        loads (bool): Whether mmcv loads the file as it is without a loss.
        dark, bright (float): 1 % of its values are below the one, and above the other.
        bands (Bands): Of a TIFF.
        more_pages (bool): Whether the file holds further images, which are not read.
    """

    path: Path
    size: tuple[int, int]
    mode: str
    bits: int
    largest: float
    loads: bool
    dark: float
    bright: float
    bands: Bands
    more_pages: bool


def inspect_image(path: Path) -> ImageFile:
    """Decodes an image.

    Raises:
        UserError: If it cannot be read or decoded, or not into whole numbers of 8 or 16 bits or
            floats from 0 to 1.
    """
    pixels, as_mmcv = _decode(path)
    bits = 8 * pixels.itemsize
    try:
        with Image.open(path) as image:
            mode = 'gray' if image.mode.startswith(('F', 'I', 'L')) else image.mode
    except Exception:  # OpenCV knows formats that Pillow does not
        mode = 'RGB'
    largest = {8: 255, 16: int(pixels.max()), 32: 1}[bits]
    height, width = pixels.shape[:2]
    some = pixels[:: max(height // SAMPLE, 1), :: max(width // SAMPLE, 1)]
    dark, bright = (float(value) for value in np.percentile(some, (1, 99)))
    loads, size = as_mmcv and bits == 8, (height, width)
    extra = bands_of(path), has_more_pages(path)
    return ImageFile(path, size, mode, bits, largest, loads, dark, bright, *extra)


def read_8_bit(path: Path, white: float = 255) -> np.ndarray:
    """Reads an image as (H, W, 3) uint8, channels blue, green, red.

    Args:
        path (Path): See :func:`inspect_image`.
        white (float): For 16 bits and floats: the value that becomes 255.
    """
    pixels, _ = _decode(path)
    if pixels.dtype == np.uint16:  # by a table: floats of a large image would fill the memory
        table = np.rint(np.arange(2**16, dtype=np.float32) * (255 / white)).clip(0, 255)
        return table.astype(np.uint8)[pixels]
    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels.astype(np.float32) * (255 / white)).clip(0, 255)
    return pixels.astype(np.uint8)


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keeps lines of OpenCV and Pillow about a file off the terminal: ours name the file.

    The level is the process's, so this goes around all threads that decode and not into one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Corrupt EXIF data')
        yield from _quiet()


def _quiet() -> Iterator[None]:
    logging = opencv_log()
    if logging is None:
        yield
        return
    level = logging.getLogLevel()
    logging.setLogLevel(0)
    try:
        yield
    finally:
        logging.setLogLevel(level)


def _decode(path: Path) -> tuple[np.ndarray, bool]:
    """Pixels (H, W, 3), uint8, uint16 or float32, and whether mmcv's call decodes them."""
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
    pixels = _by_opencv(content, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if pixels is not None and pixels.dtype in (np.uint8, np.uint16):
        return pixels, True
    if pixels is None:  # OpenCV does not make three channels of one float
        pixels = _by_opencv(content, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        pixels = _by_pillow(path)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    return _in_range(pixels[..., :3], path), False


def _by_opencv(content: np.ndarray, flag: int) -> np.ndarray | None:
    try:
        return cv2.imdecode(content, flag)
    except cv2.error:
        return None


def _by_pillow(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            if image.mode.startswith(('F', 'I')):
                return np.array(image)
            return np.array(image.convert('RGB'))[..., ::-1]
    except Exception as error:  # what a broken file raises depends on its kind
        if (total := bands_of(path).total) > MOST:
            raise UserError(
                f'{path} has {total} bands, and up to {MOST} are read here. {HOW}'
            ) from error
        raise UserError(f'{path} cannot be decoded as an image. Replace the file.') from error


def _in_range(pixels: np.ndarray, path: Path) -> np.ndarray:
    """The same values as uint8, uint16 or float32, if these hold them."""
    if pixels.dtype == np.uint8:
        return pixels
    least, most = pixels.min(), pixels.max()
    floats = np.issubdtype(pixels.dtype, np.floating)
    if np.isnan(least):
        count = np.isnan(pixels).any(axis=-1).sum()
        raise UserError(
            f'{path} has {counted(int(count), "pixel")} without a number (NaN). Save it with a '
            'value from 0 to 1 in their place.'
        )
    if not 0 <= least <= most <= (1 if floats else 65535):
        raise UserError(
            f'{path} has {"floats" if floats else f"{8 * pixels.itemsize} bits a pixel, values"} '
            f'from {least:.6g} to {most:.6g}; 0 to {"1" if floats else "65535"} are read. Save it '
            'in this range.'
        )
    return pixels.astype(np.float32 if floats else np.uint16)
