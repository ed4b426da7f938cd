# SPDX-License-Identifier: Apache-2.0
"""Erosion, dilation and growing of labels with squares, on batches (N, M, H, W).

Source: what the original study of Inconsistency Masks does with OpenCV (arXiv 2401.14387).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..labels.ops import where


def window_max(x: Tensor, kernel: int) -> Tensor:
    """Returns the maximum over a square around each pixel; 0 lies outside the image.

    A square is separable, and a row of it doubles: log2(kernel) maxima of shifted copies for each
    side, in the dtype of the labels, which is many times faster than pooling floats on a CPU.

    Args:
        x (Tensor): (N, M, H, W) uint8 or bool.
        kernel (int): Side of the square in pixels, 1 or more. The anchor of an even one is
            ``kernel // 2``, as in OpenCV.

    Returns:
        Tensor: (N, M, H, W) in the dtype of ``x``.
    """
    before, after = kernel // 2, kernel - 1 - kernel // 2
    x = F.pad(x, (before, after, before, after))
    for dim in (2, 3):
        width = 1
        while width < kernel:
            shift = min(width, kernel - width)
            length = x.shape[dim] - shift
            x = torch.maximum(x.narrow(dim, 0, length), x.narrow(dim, shift, length))
            width += shift
    return x


def dilate(mask: Tensor, kernel: int) -> Tensor:
    """Grows a mask with a ``kernel`` x ``kernel`` square; the outside of the image adds nothing.

    Args:
        mask (Tensor): (N, M, H, W) bool.
        kernel (int): Side of the square in pixels, see :func:`window_max`; 0 and 1 change nothing.

    Returns:
        Tensor: (N, M, H, W) bool.
    """
    return mask if kernel < 2 else window_max(mask, kernel)


def erode(mask: Tensor, kernel: int) -> Tensor:
    """Shrinks a mask with a square; the outside of the image does not erode. See :func:`dilate`."""
    return mask if kernel < 2 else ~dilate(~mask, kernel)


def grow(label: Tensor, target: Tensor, steps: int) -> Tensor:
    """Gives unlabeled target pixels the label of their 3x3 neighbourhood, ``steps`` times.

    Where classes meet, the largest id wins, as in the original study (later ids overwrite).

    Args:
        label (Tensor): (N, M, H, W), uint8 and nothing else, 255 where there is no label.
        target (Tensor): bool, broadcastable to ``label``: the pixels that may be filled.
        steps (int): How many pixels far the classes grow.

    Returns:
        Tensor: (N, M, H, W) uint8.
    """
    score = label + 1  # 255 becomes 0, which loses against every class
    for _ in range(steps):
        score = where(target & (score == 0), window_max(score, 3), score)
    return score - 1


def refine(
    label: Tensor, mask: Tensor, valid: Tensor, erode_kernel: int, dilate_kernel: int
) -> tuple[Tensor, Tensor]:
    """Erodes, then dilates a mask; pixels that erosion frees take a label by growing.

    Args:
        label (Tensor): (N, M, H, W) uint8; 255 where voters disagree on the channel.
        mask (Tensor): (N, 1 or M, H, W) bool.
        valid (Tensor): (N, 1, H, W) bool; padding neither erodes nor is masked.
        erode_kernel (int): Side of the square in pixels, 0 = off.
        dilate_kernel (int): Side of the square in pixels, 0 = off.

    Returns:
        tuple[Tensor, Tensor]: Label (N, M, H, W) uint8 and mask (N, 1 or M, H, W) bool.
    """
    if erode_kernel > 1:
        eroded = erode(mask | ~valid, erode_kernel) & valid
        label = grow(label, mask & ~eroded, steps=erode_kernel // 2)
        mask = eroded
    return label, dilate(mask, dilate_kernel) & valid
