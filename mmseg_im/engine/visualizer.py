# SPDX-License-Identifier: Apache-2.0
"""Predictions painted over images, in every label space."""

import os.path as osp
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.registry import VISUALIZERS
from mmseg.visualization import SegLocalVisualizer

from ..report.painting import ALPHA, names_in, paint
from ..report.pictures import to_rgb


@VISUALIZERS.register_module()
class LabelSpaceVisualizer(SegLocalVisualizer):
    """mmseg's visualizer with a legend, also for (K, H, W) maps of classes that overlap.

    It draws as :func:`~mmseg_im.report.painting.paint` says. Of classes that overlap, mmseg would
    draw the first map alone, as class ids. Images may have any number of channels and any depth,
    see :func:`~mmseg_im.report.pictures.to_rgb`. Pictures of images of one name in two folders get
    the folder's name, too.

    Args:
        name (str): Of the instance, see mmseg's visualizer.
        *args: Of mmseg's visualizer.
        img_dir (str, optional): Pictures are named as their images are below this folder, without
            suffix. None: as mmseg names them, ``test_IMAGE.jpg``.
        alpha (float): How opaque the areas are, in [0, 1].
        **kwargs: Of mmseg's visualizer.
    """

    def __init__(
        self, name: str = 'visualizer', *args, img_dir: str | None = None, alpha: float = ALPHA,
        **kwargs,
    ):  # fmt: skip
        super().__init__(name, *args, alpha=alpha, **kwargs)
        self.img_dir = img_dir
        self._named: set[str] = set()  # in the legends of the picture

    def add_datasample(self, name, image, data_sample=None, *args, **kwargs) -> None:
        """See ``SegLocalVisualizer``; beside an annotation, the prediction is on the right."""
        path = data_sample.metainfo.get('img_path') if data_sample is not None else None
        if path is not None and self.img_dir is not None:
            below = osp.relpath(path, self.img_dir or '.')
            name = osp.splitext(osp.basename(path) if below.startswith('..') else below)[0]
        if path is not None and self._first_of_name.setdefault(name, path) != path:
            name = osp.join(osp.dirname(name), f'{Path(path).parent.name}_{osp.basename(name)}')
        classes = self.dataset_meta.get('classes')
        self._named = set()
        for key in ('gt_sem_seg', 'pred_sem_seg') if classes else ():
            if data_sample is not None and key in data_sample:  # both get one legend: one height
                self._named |= names_in(np.asarray(data_sample.get(key).cpu().data), classes)
        super().add_datasample(name, image, data_sample, *args, **kwargs)

    @cached_property
    def _first_of_name(self) -> dict[str, str]:
        return {}

    def _draw_sem_seg(self, image, sem_seg: PixelData, classes, palette, with_labels=True):
        maps = np.asarray(sem_seg.cpu().data)
        painted = paint(
            _as_rgb(image), maps, classes, palette, self.alpha, with_labels, self._named
        )
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
