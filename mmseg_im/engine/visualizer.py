# SPDX-License-Identifier: Apache-2.0
"""Predictions painted over images, in every label space."""

import os.path as osp
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.registry import VISUALIZERS
from mmseg.visualization import SegLocalVisualizer

from ..report.pictures import to_rgb

LEAST_SIDE = 320
"""int: Smaller images are enlarged, so that a legend can be read."""


@VISUALIZERS.register_module()
class LabelSpaceVisualizer(SegLocalVisualizer):
    """mmseg's visualizer with a legend, also for (K, H, W) maps of classes that overlap.

    Each class is an area in its colour, the larger ones below, with its outline on top of
    everything, so that a class inside another one hides nothing; a class called background is not
    painted. Of classes that overlap, mmseg would draw the first map alone, as class ids. Images may
    have any number of channels and any depth, see :func:`~mmseg_im.report.pictures.to_rgb`.
    Pictures of images of one name in two folders get the folder's name, too.

    Args:
        name (str): Of the instance, see mmseg's visualizer.
        *args: Of mmseg's visualizer.
        img_dir (str, optional): Pictures are named as their images are below this folder, without
            suffix. None: as mmseg names them, ``test_IMAGE.jpg``.
        **kwargs: Of mmseg's visualizer.
    """

    def __init__(self, name: str = 'visualizer', *args, img_dir: str | None = None, **kwargs):
        super().__init__(name, *args, **kwargs)
        self.img_dir = img_dir

    def add_datasample(self, name, image, data_sample=None, *args, **kwargs) -> None:
        """See ``SegLocalVisualizer``; beside an annotation, the prediction is on the right."""
        path = data_sample.metainfo.get('img_path') if data_sample is not None else None
        if path is not None and self.img_dir is not None:
            below = osp.relpath(path, self.img_dir or '.')
            name = osp.splitext(osp.basename(path) if below.startswith('..') else below)[0]
        if path is not None and self._first_of_name.setdefault(name, path) != path:
            name = osp.join(osp.dirname(name), f'{Path(path).parent.name}_{osp.basename(name)}')
        super().add_datasample(name, image, data_sample, *args, **kwargs)

    @cached_property
    def _first_of_name(self) -> dict[str, str]:
        return {}

    def _draw_sem_seg(self, image, sem_seg: PixelData, classes, palette, with_labels=True):
        maps = np.asarray(sem_seg.cpu().data)
        painted = paint(_as_rgb(image), maps, classes, palette, self.alpha, with_labels)
        self.set_image(painted)
        return painted


def _as_rgb(image: np.ndarray) -> np.ndarray:
    """An image as mmseg hands it over as (H, W, 3) uint8 RGB.

    Args:
        image (np.ndarray): (H, W) or (H, W, C), of any depth: the channels of what OpenCV reads
            from the last to the first, as mmseg turns BGR to RGB.
    """
    image = image if image.ndim == 3 else image[..., None]
    if image.shape[2] == 3 and image.dtype == np.uint8:
        return image
    bands = torch.from_numpy(image.transpose(2, 0, 1)[::-1].copy())
    return to_rgb(bands, image.shape[:2])


def paint(
    image: np.ndarray,
    maps: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    alpha: float = 0.8,
    with_labels: bool = True,
) -> np.ndarray:
    """Paints a prediction over its image, see :class:`LabelSpaceVisualizer`.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        maps (np.ndarray): (1, H, W) class ids, or (K, H, W) of 0 and 1 for overlapping classes.
        classes (Sequence[str]): Class names.
        palette (Sequence): Their RGB colours.
        alpha (float): How opaque the areas are, in [0, 1].
        with_labels (bool): With a legend, for which a small image is enlarged.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB, enlarged by a whole number.
    """
    present = maps == 1 if len(maps) > 1 else maps == np.arange(len(classes))[:, None, None]
    times = max(1, -(-LEAST_SIDE // min(image.shape[:2]))) if with_labels else 1
    image = image.repeat(times, axis=0).repeat(times, axis=1)
    present = present.repeat(times, axis=1).repeat(times, axis=2)
    painted = _painted(image, present, classes, palette, alpha)
    if with_labels:
        there = [i for i in range(len(classes)) if present[i].any()]
        painted = with_legend(painted, [(classes[i], palette[i]) for i in there])
    return painted


def _painted(image, present, classes, palette, alpha) -> np.ndarray:
    areas = present.sum(axis=(1, 2))
    shown = [i for i in np.argsort(-areas, kind='stable') if areas[i]]
    shown = [i for i in shown if classes[i] != 'background']
    painted = image.astype(float)
    for i in shown:
        colour = np.array(palette[i])
        painted[present[i]] = (1 - alpha) * image[present[i]] + alpha * colour
    painted = np.ascontiguousarray(painted.round().astype(np.uint8))
    width = max(1, round(min(image.shape[:2]) / 150))
    for i in shown:
        contours, _ = cv2.findContours(
            present[i].astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(painted, contours, -1, palette[i], width)
    return painted


def with_legend(image: np.ndarray, entries: Sequence[tuple[str, Sequence[int]]]) -> np.ndarray:
    """Writes the names of classes into the upper left corner, each beside its colour.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB, changed in place.
        entries (Sequence): Names and RGB colours.

    Returns:
        np.ndarray: ``image``.
    """
    scale = max(0.4, min(image.shape[:2]) / 900)
    step = round(30 * scale)
    for row, (name, colour) in enumerate(entries):
        top = row * step + step // 4
        box = step * 3 // 4
        cv2.rectangle(image, (step // 4, top), (step // 4 + box, top + box), colour, -1)
        cv2.rectangle(image, (step // 4, top), (step // 4 + box, top + box), (0, 0, 0), 1)
        at = (step // 2 + box, top + box - 1)
        for ink, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(image, name, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, width, cv2.LINE_AA)
    return image
