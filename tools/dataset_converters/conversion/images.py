# SPDX-License-Identifier: Apache-2.0
"""Images in memory: decoding, encoding, shrinking."""

import io

import cv2
import numpy as np
from PIL import Image

from mmseg_im.errors import UserError
from mmseg_im.files.image_size import check_size


def decode(content: bytes, flag: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Decodes an image.

    Args:
        content (bytes): Content of a JPEG, PNG, BMP or TIFF file.
        flag (int): As of :func:`cv2.imread`; by default (H, W, 3) uint8 BGR.

    Raises:
        UserError: If it cannot be decoded or is too large.
    """
    check_size(content)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flag) if content else None
    if image is None:
        raise UserError('it cannot be decoded as an image. Get the file again.')
    return image


def decode_ids(content: bytes) -> np.ndarray:
    """Decodes an annotation whose values are ids, (H, W) uint8; a palette gives its indices.

    Raises:
        UserError: If it cannot be decoded, is too large or has several channels.
    """
    check_size(content)
    try:
        with Image.open(io.BytesIO(content)) as image:
            ids = np.array(image)
    except Exception as error:  # what a broken file raises depends on its kind
        raise UserError('it cannot be decoded as an image. Get the file again.') from error
    if ids.ndim != 2 or ids.dtype != np.uint8:
        raise UserError(
            f'it is an image of mode {image.mode}, and an annotation of ids is a gray or a palette '
            'image of 8 bits.'
        )
    return ids


def size_of(content: bytes) -> tuple[int, int]:
    """Height and width of an image, without decoding its pixels.

    Raises:
        UserError: If it is no image or too large.
    """
    check_size(content)
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.height, image.width
    except Exception as error:  # what a broken file raises depends on its kind
        raise UserError('its image cannot be decoded. Get the file again.') from error


def check_values(ids: np.ndarray, allowed) -> None:
    """Checks the values of an annotation.

    Args:
        ids (np.ndarray): (H, W) uint8.
        allowed (Iterable[int]): Values that may occur.

    Raises:
        UserError: If another occurs.
    """
    wrong = set(np.unique(ids).tolist()) - set(allowed)
    if wrong:
        raise UserError(
            f'it holds the value {min(wrong)}, which no class of this data set has. Is it the '
            'annotation of the official archive?'
        )


def check_same_size(image: np.ndarray, label: np.ndarray) -> None:
    """Checks that an annotation fits its image.

    Raises:
        UserError: If height or width differ.
    """
    check_sizes(image.shape[:2], label.shape[:2])


def check_sizes(image: tuple[int, int], label: tuple[int, int]) -> None:
    """Like :func:`check_same_size`, for heights and widths."""
    if image != label:
        raise UserError(
            f'the image has the size {image} and its annotation {label} '
            '(height, width); they must be equal.'
        )


def png(image: np.ndarray) -> bytes:
    """Encodes (H, W) or (H, W, 3) uint8 as PNG."""
    return cv2.imencode('.png', image)[1].tobytes()


def jpeg(image: np.ndarray, quality: int = 95) -> bytes:
    """Encodes (H, W, 3) uint8 BGR as JPEG."""
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def shrink(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes by averaging areas.

    Args:
        image (np.ndarray): (H, W) or (H, W, 3), uint8 or float32.
        size (tuple[int, int]): New height and width.
    """
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)


def shrink_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes a mask: a pixel is set if the mask covers at least half of its area.

    Args:
        mask (np.ndarray): (H, W) bool.
        size (tuple[int, int]): New height and width.

    Returns:
        np.ndarray: (h, w) bool. There are no gray values to read in two ways.
    """
    return shrink(mask.astype(np.float32), size) >= 0.5
