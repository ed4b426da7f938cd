# SPDX-License-Identifier: Apache-2.0
"""Refuses small files that would become huge images, before a pixel is decoded."""

import io
import os
import warnings

from PIL import Image

from ..errors import UserError

MAX_PIXELS = 178_956_970
"""int: Where Pillow refuses, too: an image of 13,000 x 13,000 pixels, half a gigabyte as RGB."""

# Pillow warns from half of that on, with lines of its own; what is refused is decided here
warnings.filterwarnings('ignore', category=Image.DecompressionBombWarning)


def check_size(file: str | os.PathLike | bytes, name: str = 'it') -> None:
    """Checks the size that an image file states, without decoding it.

    Args:
        file (str or PathLike or bytes): Its path or its content. What Pillow does not know passes.
        name (str): Its name in the message.

    Raises:
        UserError: If it states more than ``MAX_PIXELS``.
    """
    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            width, height = image.size
    except Image.DecompressionBombError as error:
        raise UserError(f'{name} {_TOO_LARGE}') from error
    except Exception:  # whatever a broken file raises: its decoder says so
        return
    if width * height > MAX_PIXELS:
        raise UserError(f'{name} {_TOO_LARGE}')


_TOO_LARGE = (
    f'claims to be an image of more than {MAX_PIXELS // 10**6} million pixels. Cut it into smaller '
    'ones, or replace the file.'
)
