# SPDX-License-Identifier: Apache-2.0
"""Keeps the images of an evaluation with the lowest scores, in little memory."""

from dataclasses import dataclass

import numpy as np
import torch
from mmengine.dist import all_gather_object
from torch import Tensor

KEPT = 6
"""int: Images that are kept."""
PENDING = 16  # images whose scores are read from the device together
SIDE = 520  # pixels of a side, about: enough for a page


@dataclass
class WorstImage:
    """One image of an evaluation, made small by leaving out pixels.

    Attributes:
        path (str): Its file.
        score (float): In [0, 1].
        image (Tensor, optional): (C, h, w), as it was loaded; None if the batch does not hold it.
        label (np.ndarray): (M, h, w) uint8, the annotation.
        prediction (np.ndarray): (M, h, w) uint8.
    """

    path: str
    score: float
    image: Tensor | None
    label: np.ndarray
    prediction: np.ndarray


class WorstImages:
    """The images with the lowest scores; scores are read from the device a few at a time."""

    def __init__(self) -> None:
        self._pending: list[tuple[Tensor, str, Tensor | None, Tensor, Tensor]] = []
        self._kept: list[WorstImage] = []

    def offer(
        self, score: Tensor, path: str, image: Tensor | None, label: Tensor, prediction: Tensor
    ) -> None:
        """Takes an image, to keep it if it is among the worst.

        Args:
            score (Tensor): A number.
            path (str): Of the image.
            image (Tensor, optional): (C, H, W).
            label (Tensor): (M, H, W) integers.
            prediction (Tensor): Likewise.
        """
        if len(self._pending) >= PENDING:
            self._choose()
        small = None if image is None else _shrunk(image).clone()  # not the whole batch
        label, prediction = (_shrunk(one).to(torch.uint8) for one in (label, prediction))
        self._pending.append((score, path, small, label, prediction))

    def take(self, is_repeated: bool = False) -> list[WorstImage]:
        """Returns the worst images of all processes, the worst first, and begins anew.

        Args:
            is_repeated (bool): Whether the last image of this process is one that a sampler
                repeated to give all processes equally many.
        """
        if is_repeated:
            del self._pending[-1:]
        self._choose()
        kept = [one for part in all_gather_object(self._kept) for one in part]
        self._kept = []
        return _worst(kept)

    def _choose(self) -> None:
        if not self._pending:
            return
        scores = torch.stack([one[0] for one in self._pending]).tolist()
        bound = sorted([*scores, *(one.score for one in self._kept)])[:KEPT][-1]
        for value, (_, path, image, label, prediction) in zip(scores, self._pending, strict=True):
            if value <= bound:
                maps = (one.cpu().numpy() for one in (label, prediction))
                self._kept.append(WorstImage(path, value, image, *maps))
        self._kept = _worst(self._kept)
        self._pending = []


def _worst(images: list[WorstImage]) -> list[WorstImage]:
    return sorted(images, key=lambda one: (one.score, one.path))[:KEPT]


def _shrunk(maps: Tensor) -> Tensor:
    step = max(1, max(maps.shape[-2:]) // SIDE)
    return maps[..., ::step, ::step]
