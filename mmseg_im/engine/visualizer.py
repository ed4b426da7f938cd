# SPDX-License-Identifier: Apache-2.0
"""Predictions painted over images, in every label space."""

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from mmengine.structures import PixelData
from mmseg.registry import VISUALIZERS
from mmseg.visualization import SegLocalVisualizer

LEAST_SIDE = 320
"""int: Smaller images are enlarged, so that a legend can be read."""


@VISUALIZERS.register_module()
class LabelSpaceVisualizer(SegLocalVisualizer):
    """mmseg's visualizer with a legend, also for (K, H, W) maps of classes that overlap.

    Each class is an area in its colour, the larger ones below, with its outline on top of
    everything, so that a class inside another one hides nothing; a class called background is not
    painted. Of classes that overlap, mmseg would draw the first map alone, as class ids. Pictures
    of images of one name in two folders get the folder's name, too.
    """

    def add_datasample(self, name, image, data_sample=None, *args, **kwargs) -> None:
        """See ``SegLocalVisualizer``; beside an annotation, the prediction is on the right."""
        path = data_sample.metainfo.get('img_path') if data_sample is not None else None
        if path is not None and self._first_of_name.setdefault(name, path) != path:
            name = f'{Path(path).parent.name}_{name}'
        super().add_datasample(name, image, data_sample, *args, **kwargs)

    @cached_property
    def _first_of_name(self) -> dict[str, str]:
        return {}

    def _draw_sem_seg(self, image, sem_seg: PixelData, classes, palette, with_labels=True):
        maps = np.asarray(sem_seg.cpu().data)
        present = maps == 1 if len(maps) > 1 else maps == np.arange(len(classes))[:, None, None]
        times = max(1, -(-LEAST_SIDE // min(image.shape[:2]))) if with_labels else 1
        image = image.repeat(times, axis=0).repeat(times, axis=1)
        present = present.repeat(times, axis=1).repeat(times, axis=2)
        painted = self._painted(image, present, classes, palette)
        if with_labels:
            there = [i for i in range(len(classes)) if present[i].any()]
            painted = with_legend(painted, [(classes[i], palette[i]) for i in there])
        self.set_image(painted)
        return painted

    def _painted(self, image, present, classes, palette) -> np.ndarray:
        areas = present.sum(axis=(1, 2))
        shown = [i for i in np.argsort(-areas, kind='stable') if areas[i]]
        shown = [i for i in shown if classes[i] != 'background']
        painted = image.astype(float)
        for i in shown:
            colour = np.array(palette[i])
            painted[present[i]] = (1 - self.alpha) * image[present[i]] + self.alpha * colour
        painted = np.ascontiguousarray(painted.round().astype(np.uint8))
        width = max(1, round(min(image.shape[:2]) / 150))
        for i in shown:
            contours, _ = cv2.findContours(
                present[i].astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(painted, contours, -1, palette[i], width)
        return painted


def with_legend(image: np.ndarray, entries: list[tuple[str, list[int]]]) -> np.ndarray:
    """Writes the names of classes into the upper left corner, each beside its colour.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB, changed in place.
        entries (list): Names and RGB colours.

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
