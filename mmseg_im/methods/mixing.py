# SPDX-License-Identifier: Apache-2.0
"""CutMix: boxes are sampled once and pasted into image, label, weight and padding alike."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .pseudo_label import Target


def sample_boxes(
    num: int,
    size: Sequence[int],
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
        size (Sequence[int]): Height and width of the images.
        prob (float): Probability of a box, in [0, 1].
        area (tuple[float, float]): Range of the box's share of the image.
        aspect (tuple[float, float]): Range of height / width.
        generator (torch.Generator, optional): Source of randomness on the CPU.
        tries (int): Draws of aspect ratio and corner.

    Returns:
        Tensor: (N, 4) int64 on the CPU: top, left, bottom, right; the last two are excluded.
    """

    def uniform(shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Tensor:
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


def centred_boxes(num: int, size: Sequence[int], side: float, margin: int) -> Tensor:
    """Boxes of one size around random centres, cut off at the border (iMAS, AugSeg).

    Args:
        num (int): Number of images N.
        size (Sequence[int]): Height and width of the images.
        side (float): Share of height and width that a whole box has, in [0, 1].
        margin (int): Centres are drawn from ``side // margin`` to the end.

    Returns:
        Tensor: (N, 4) int64 on the CPU: top, left, bottom, right; the last two are excluded.
    """
    low, high = [], []
    for length in size:
        half = int(length * side) // 2
        centre = torch.randint(length // margin, max(length, length // margin + 1), (num,))
        low.append((centre - half).clamp(0, length))
        high.append((centre + half).clamp(0, length))
    return torch.stack(low + high, dim=1)


def half_boxes(num: int, size: Sequence[int]) -> Tensor:
    """Boxes (N, 4) of half the image's area, as U2PL draws them: the height follows the width."""
    height, width = size
    columns = torch.randint(width // 2 + 1, max(width, width // 2 + 2), (num,)).clamp(max=width)
    rows = (height * width / 2 / columns).round().long().clamp(max=height)
    top = (torch.rand(num) * (height - rows + 1)).long()
    left = (torch.rand(num) * (width - columns + 1)).long()
    return torch.stack([top, left, top + rows, left + columns], dim=1)


def several_boxes(
    num: int, size: Sequence[int], boxes: int = 3, area: tuple[float, float] = (0.25, 0.5)
) -> Tensor:
    """Boxes inside the image, as CPS draws them (after French et al., arXiv 1906.01916).

    A box has the share ``a / boxes`` of the image, ``a`` uniform in ``area``; its height is a share
    ``a ** u`` of the image's, ``u`` uniform in [0, 1], before both sides shrink alike.

    Args:
        num (int): Number of images N.
        size (Sequence[int]): Height and width of the images.
        boxes (int): B, boxes of an image.
        area (tuple[float, float]): See above.

    Returns:
        Tensor: (N, B, 4) int64 on the CPU: top, left, bottom, right; the last two are excluded.
    """
    share = area[0] + (area[1] - area[0]) * torch.rand(num, boxes)
    rows = share ** torch.rand(num, boxes)
    sides = torch.stack([rows, share / rows], dim=-1) / boxes**0.5
    whole = torch.tensor(size)
    sides = (sides * whole).round().long()
    corner = ((whole - sides) * torch.rand(num, boxes, 2)).round().long()
    return torch.cat([corner, corner + sides], dim=-1)


def box_mask(boxes: Tensor, size: Sequence[int], device: torch.device | str = 'cpu') -> Tensor:
    """Rasterises boxes (N, 4) into a mask (N, 1, H, W), True inside."""
    top, left, bottom, right = boxes.to(device, non_blocking=True).view(-1, 4, 1, 1, 1).unbind(1)
    rows = torch.arange(size[0], device=device).view(1, 1, -1, 1)
    columns = torch.arange(size[1], device=device).view(1, 1, 1, -1)
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def neighbour(x: Tensor) -> Tensor:
    """The batch, each image in the place of the one before it.

    The batch is in random order, so the neighbour is a random other image; in a batch of one it
    is the image itself and CutMix changes nothing.
    """
    return x.roll(1, dims=0)


def sample_box_mask(image: Tensor, prob: float) -> Tensor:
    """Samples boxes for a batch of images, see :func:`sample_boxes` and :func:`box_mask`.

    Args:
        image (Tensor): (N, 3, H, W).
        prob (float): Probability of a box, in [0, 1].

    Returns:
        Tensor: (N, 1, H, W) bool on the device of the images, True inside.
    """
    size = image.shape[2:]
    return box_mask(sample_boxes(len(image), size, prob), size, image.device)


def several_box_mask(image: Tensor, prob: float) -> Tensor:
    """The mask of CPS: pixels in an odd number of :func:`several_boxes` stay, others are pasted.

    Args:
        image (Tensor): (N, 3, H, W).
        prob (float): Probability that anything is pasted into an image, in [0, 1].

    Returns:
        Tensor: (N, 1, H, W) bool on the device of the images, True where another one is pasted.
    """
    num, size = len(image), image.shape[2:]
    boxes = several_boxes(num, size)
    used = (torch.rand(num) < prob).to(image.device, non_blocking=True).view(-1, 1, 1, 1)
    inside = box_mask(boxes.flatten(0, 1), size, image.device).view(num, -1, *size)
    return (inside.sum(dim=1, keepdim=True) % 2 == 0) & used


def cutmix(
    image: Tensor,
    target: Target,
    inside: Tensor,
    partner: Callable[[Tensor], Tensor] = neighbour,
    source: tuple[Tensor, Target] | None = None,
) -> tuple[Tensor, Target]:
    """Pastes boxes of other images into images, and their targets into the targets.

    Args:
        image (Tensor): (N, 3, H, W).
        target (Target): Of these images.
        inside (Tensor): (N, 1, H, W) bool, True where another image is pasted.
        partner (Callable): Puts another image in the place of each image of a batch.
        source (tuple[Tensor, Target], optional): The batch and its target from which is pasted;
            default: ``(image, target)``.

    Returns:
        tuple[Tensor, Target]: The mixed images and their target, of the same shapes.
    """
    other, other_target = source or (image, target)
    mixed = torch.where(inside, partner(other), image)
    return mixed, target.mixed(other_target.map(partner), inside)
