# SPDX-License-Identifier: Apache-2.0
"""IoU, Dice and F-score, with the value of each class."""

import math
import os.path as osp

import numpy as np
import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from torch import Tensor

from ..files.label_png import write_ids
from .confusion import areas, class_confusion, image_score
from .worst_images import WorstImage, WorstImages


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``, with the values of each class in percent among the metrics.

    mmseg prints these in a table and returns only their means. Beside ``mIoU``, ``mDice`` and
    ``mFscore`` (``iou_metrics``) there are then ``IoU/CLASS``, ``Dice/CLASS``, ``Fscore/CLASS``.
    All are of hard labels, with the pixels of all images in one count. A class that no annotation
    shows is NaN. As in mmseg, a mean leaves it out, or counts a 0 for it where it is predicted.

    All comes from one confusion matrix, which is counted on the device. After an evaluation that
    matrix and the images with the lowest mean IoU are there for a report.

    Args:
        img_dir (str, optional): Folder to which the names of files in ``output_dir`` are relative,
            so that images of one name in two folders stay apart. None: their bare names.
        **kwargs: Of ``IoUMetric``.

    Attributes:
        confusion (Tensor or None): Of the last evaluation, see :meth:`confusion_of`.
        worst (list[WorstImage]): Its images with the lowest scores, the worst first.
    """

    output_dir: str | None  # of mmseg

    def __init__(self, img_dir: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.img_dir = img_dir
        self.confusion: Tensor | None = None
        self.worst: list[WorstImage] = []
        self._begin()

    def _begin(self) -> None:
        self._before: Tensor | int = 0  # the counts of all images but the last one
        self._last: Tensor | int = 0
        self._images = 0
        self._offered = WorstImages()

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Counts one batch, and writes its predictions if there is an ``output_dir``."""
        folder, self.output_dir = self.output_dir, None  # mmseg would write bare names
        try:
            self.count(data_batch, data_samples)
        finally:
            self.output_dir = folder
        if folder is None:
            return
        for sample in data_samples:
            path = sample['img_path']
            name = osp.relpath(path, self.img_dir) if self.img_dir else osp.basename(path)
            self.write(folder, osp.splitext(name)[0], sample)

    def count(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Adds one batch to the counts."""
        for i, sample in enumerate(data_samples if not self.format_only else ()):
            pred = sample['pred_sem_seg']['data']
            label = sample['gt_sem_seg']['data'].to(pred.device)
            self._before, self._last = self._before + self._last, self.confusion_of(pred, label)
            self._images += 1
            inputs = data_batch.get('inputs') if isinstance(data_batch, dict) else None
            image = inputs[i] if inputs is not None and len(inputs) == len(data_samples) else None
            self._offered.offer(
                image_score(self._last),
                str(sample.get('img_path', '')),
                image if isinstance(image, Tensor) else None,  # with TTA there are several
                label,
                pred,
            )

    def confusion_of(self, pred: Tensor, label: Tensor) -> Tensor:
        """Returns the matrix of one image, see :func:`~.confusion.class_confusion`."""
        return class_confusion(pred, label, len(self.dataset_meta['classes']), self.ignore_index)

    def evaluate(self, size: int) -> dict[str, float]:
        """Adds up the counts of all processes, and returns the metrics.

        Args:
            size (int): Images of the data set. A sampler repeats some if the number of processes
                does not divide it; they count once.
        """
        if self.format_only:
            return super().evaluate(size)
        is_repeated = self._images > len(range(get_rank(), size, get_world_size()))
        total = self._before if is_repeated else self._before + self._last
        if not isinstance(total, Tensor):  # this process has no image
            classes = torch.zeros(len(self.dataset_meta['classes']), 1, 1)
            total = torch.zeros_like(self.confusion_of(classes, classes))
        all_reduce(total)
        self.confusion, self.worst = total.cpu(), self._offered.take(is_repeated)
        self._begin()
        metrics = self.compute_metrics([areas(self.confusion)])
        return {f'{self.prefix}/{key}' if self.prefix else key: v for key, v in metrics.items()}

    def write(self, folder: str, name: str, sample: dict) -> None:
        """Writes the prediction of one image as ``folder/name.png``, class ids with a palette."""
        ids = sample['pred_sem_seg']['data'].squeeze(0).cpu().numpy()
        # the ids of ADE20K's files begin with 1
        offset = int(sample.get('reduce_zero_label', False))
        palette = self.dataset_meta.get('palette') or ()
        write_ids(osp.join(folder, f'{name}.png'), (ids + offset).astype(np.uint8), palette, offset)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Returns the metrics of counts from :func:`~.confusion.areas`, see ``IoUMetric``."""
        metrics = super().compute_metrics(results)
        if results:  # with format_only there are none
            counts = [sum(one) for one in zip(*results, strict=True)]
            values = self.total_area_to_metrics(*counts, self.metrics, self.nan_to_num, self.beta)
            for kind in ('IoU', 'Dice', 'Fscore'):
                if kind in values:
                    for name, value, true in zip(
                        self.dataset_meta['classes'], values[kind], counts[3], strict=True
                    ):  # the mean has a 0 for what is predicted and nowhere annotated, as mmseg's
                        is_known = true > 0 or self.nan_to_num is not None
                        known = float(value) if is_known else math.nan
                        metrics[f'{kind}/{name}'] = round(100 * known, 2)
        return metrics
