# SPDX-License-Identifier: Apache-2.0
"""Whether a network takes images of a size, and which it takes in its place."""

import numpy as np
from mmseg.models import EncoderDecoder

from ..errors import UserError
from .difference import predicted, resized

MULTIPLES = (2, 4, 8, 14, 16, 28, 32, 64)  # of strides and patches


def check_takes(network: EncoderDecoder, image: np.ndarray, size: tuple[int, int]) -> None:
    """Checks that a network predicts images of a size.

    Args:
        network (EncoderDecoder): In eval mode.
        image (np.ndarray): (H, W, C) BGR, resized for the trial.
        size (tuple[int, int]): Height and width.

    Raises:
        UserError: If it does not, with the next larger size that it takes.
    """
    reason = _refusal(network, image, size)
    if not reason:
        return
    text = f'--size {size[0]} {size[1]}: the network does not take images of this size ({reason}).'
    for multiple in MULTIPLES:
        other = size[0] + -size[0] % multiple, size[1] + -size[1] % multiple
        if not _refusal(network, image, other):
            raise UserError(
                f'{text} It takes multiples of {multiple}: --size {other[0]} {other[1]}.'
            )
    raise UserError(f'{text} Try that of training, or a larger one.')


def _refusal(network: EncoderDecoder, image: np.ndarray, size: tuple[int, int]) -> str:
    try:
        predicted(network, [resized(image, size)])
    except Exception as error:  # whatever a backbone raises
        return (' '.join(str(error).split()) or type(error).__name__)[:200].rstrip('. ')
    return ''
