# SPDX-License-Identifier: Apache-2.0
"""What kind of image a photometric transform needs: channels and depth."""

import numpy as np

from ...errors import UserError


def check_kind(image: np.ndarray, transform: str, colour: bool) -> None:
    """Raises a UserError if an image is not of 8 bits, or, where it must be, not of three channels.

    Args:
        image (np.ndarray): (H, W, C) or (H, W).
        transform (str): Its name, for the message.
        colour (bool): Whether saturation and hue matter, so that three channels are needed.
    """
    right = image.dtype == np.uint8 and (not colour or image.shape[2:] == (3,))
    if not right:
        needed = 'colour images (H, W, 3) of uint8' if colour else 'images of uint8'
        raise UserError(
            f'{transform} needs {needed}, and the pipeline gives {image.shape} of {image.dtype}. '
            'Take it out, or put a transform of your own in its place (floats may come from '
            'LoadImageFromFile(to_float32=True)); GaussianBlur takes any image.'
        )
