# SPDX-License-Identifier: Apache-2.0
"""Predictions painted over images, for classes that overlap, too."""

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from mmengine.structures import PixelData
from mmseg.registry import VISUALIZERS
from mmseg.visualization import SegLocalVisualizer


@VISUALIZERS.register_module()
class LabelSpaceVisualizer(SegLocalVisualizer):
    """mmseg's visualizer, which also draws (K, H, W) maps of classes that overlap.

    Each class is an area in its colour, the larger ones below, with its outline on top of
    everything, so that a class inside another one hides nothing. mmseg would draw the first map
    alone, as class ids. Pictures of images of one name in two folders get the folder's name, too.
    """

    def add_datasample(self, name, image, data_sample=None, *args, **kwargs) -> None:
        """See ``SegLocalVisualizer``."""
        path = data_sample.metainfo.get('img_path') if data_sample is not None else None
        if path is not None and self._first_of_name.setdefault(name, path) != path:
            name = f'{Path(path).parent.name}_{name}'
        super().add_datasample(name, image, data_sample, *args, **kwargs)

    @cached_property
    def _first_of_name(self) -> dict[str, str]:
        return {}

    def _draw_sem_seg(self, image, sem_seg: PixelData, classes, palette, with_labels=True):
        maps = np.asarray(sem_seg.cpu().data)
        if len(maps) == 1:
            return super()._draw_sem_seg(image, sem_seg, classes, palette, with_labels)
        order = np.argsort(-(maps == 1).sum(axis=(1, 2)), kind='stable')
        painted = image.astype(float)
        for i in order:
            painted[maps[i] == 1] = (1 - self.alpha) * image[maps[i] == 1] + self.alpha * np.array(
                palette[i]
            )
        painted = np.ascontiguousarray(painted.round().astype(np.uint8))
        width = max(1, round(min(image.shape[:2]) / 150))
        for i in order:
            contours, _ = cv2.findContours(
                (maps[i] == 1).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(painted, contours, -1, palette[i], width)
        if with_labels:
            painted = with_legend(
                painted, [(classes[i], palette[i]) for i in order if (maps[i] == 1).any()]
            )
        self.set_image(painted)
        return painted


def with_legend(image: np.ndarray, entries: list[tuple[str, list[int]]]) -> np.ndarray:
    """Writes the names of classes into the upper left corner, each beside its colour.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB, changed in place.
        entries (list): Names and RGB colours.
    """
    scale = max(0.3, min(image.shape[:2]) / 600)
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
