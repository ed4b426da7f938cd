# SPDX-License-Identifier: Apache-2.0
"""Logits for every input pixel, from any of mmseg's encoder-decoders."""

from collections.abc import Sequence

from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.models.utils import resize
from torch import Tensor

from ..errors import UserError


def pixel_logits(segmentor: BaseSegmentor, image: Tensor) -> Tensor:
    """Returns a segmentor's logits for each pixel of a batch, without the geometry of inference.

    ``predict`` and ``encode_decode`` would crop the padding, undo flips and go back to the
    original size: on a training batch that silently misaligns a pseudo-label.

    Args:
        segmentor (BaseSegmentor): Student or teacher.
        image (Tensor): (N, 3, H, W), normalised.

    Returns:
        Tensor: (N, C, H, W) logits at the input size, in the dtype of the network.

    Raises:
        UserError: If the decode head does not return logits for pixels.
    """
    return at_size(segmentor, segmentor._forward(image), image.shape[2:])


def at_size(segmentor: BaseSegmentor, logits: Tensor, size: Sequence[int]) -> Tensor:
    """Resizes the logits of a decode head to another size, as its network does.

    The result lies in memory class by class: softmax, losses and hard labels go through classes,
    and are several times slower on what convolutions with ``channels_last`` return.

    Args:
        segmentor (BaseSegmentor): Whose decode head returned the logits.
        logits (Tensor): (N, C, h, w) of any float dtype.
        size (Sequence[int]): H and W.

    Returns:
        Tensor: (N, C, H, W) in the dtype of the logits.

    Raises:
        UserError: If the decode head returned something else than logits for pixels.
    """
    if not isinstance(logits, Tensor) or logits.ndim != 4:
        head = segmentor.decode_head
        raise UserError(
            f'{type(head).__name__} does not return logits (N, C, h, w) for pixels, which '
            'semi-supervised training needs: choose another decode_head.'
        )
    logits = logits.contiguous()
    if tuple(logits.shape[2:]) == tuple(size):
        return logits
    resized: Tensor = resize(
        logits, size=size, mode='bilinear', align_corners=segmentor.align_corners
    )
    return resized
