# SPDX-License-Identifier: Apache-2.0
"""CutMix: boxes are sampled once and pasted into image, label, weight and mask alike."""

import torch
from torch import Tensor


def sample_boxes(
    num: int,
    size: tuple[int, int],
    prob: float = 0.5,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 1 / 0.3),
    generator: torch.Generator | None = None,
    tries: int = 256,
) -> Tensor:
    """Samples one CutMix box for each image with the constants of UniMatch (CVPR 2023).

    The area share is drawn once; aspect ratio (height / width, plain uniform) and corner are
    redrawn until the box lies inside the image. All ``tries`` are drawn at once, so there is no
    loop over images; if none fits, or with probability ``1 - prob``, the box is empty.

    Args:
        num (int): Number of images N.
        size (tuple[int, int]): Height and width of the images.
        prob (float): Probability of a box, in [0, 1].
        area (tuple[float, float]): Range of the box's share of the image.
        aspect (tuple[float, float]): Range of height / width.
        generator (torch.Generator, optional): Source of randomness on the CPU.
        tries (int): Draws of aspect ratio and corner.

    Returns:
        Tensor: (N, 4) int64 on the CPU: top, left, bottom, right; the last two are excluded.
    """

    def uniform(shape, low=0.0, high=1.0):
        return torch.rand(shape, generator=generator) * (high - low) + low

    height, width = size
    pixels = uniform((num, 1), *area) * height * width
    ratio = uniform((num, tries), *aspect)
    box_w = (pixels / ratio).sqrt().long()
    box_h = (pixels * ratio).sqrt().long()
    top = (uniform((num, tries)) * height).long()
    left = (uniform((num, tries)) * width).long()
    fits = (top + box_h <= height) & (left + box_w <= width)
    first = fits.long().argmax(dim=1, keepdim=True)
    box = torch.stack([top, left, top + box_h, left + box_w], dim=-1)
    box = box.gather(1, first.unsqueeze(-1).expand(-1, -1, 4)).squeeze(1)
    used = fits.any(dim=1) & (uniform((num,)) < prob)
    return box * used.unsqueeze(1)


def box_mask(boxes: Tensor, size: tuple[int, int], device: torch.device | str = 'cpu') -> Tensor:
    """Rasterises boxes (N, 4) into a mask (N, 1, H, W), True inside."""
    top, left, bottom, right = boxes.to(device, non_blocking=True).view(-1, 4, 1, 1, 1).unbind(1)
    rows = torch.arange(size[0], device=device).view(1, 1, -1, 1)
    columns = torch.arange(size[1], device=device).view(1, 1, 1, -1)
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def paste(inside: Tensor, x: Tensor) -> Tensor:
    """Pastes into each image of a batch the box of its neighbour in the batch.

    The batch is in random order, so the neighbour is a random other image; in a batch of one it
    is the image itself and nothing changes.

    Args:
        inside (Tensor): (N, 1, H, W) bool, from :func:`box_mask`.
        x (Tensor): (N, any, H, W): images, labels, weights or masks of any dtype.
    """
    return torch.where(inside, x.roll(1, dims=0), x)
