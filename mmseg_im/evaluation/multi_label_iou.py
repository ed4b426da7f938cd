# SPDX-License-Identifier: Apache-2.0
"""IoU, Dice and F-score of classes that may overlap."""

from pathlib import Path

from mmseg.registry import METRICS
from torch import Tensor

from ..files.atomic import write_png
from .class_iou import ClassIoUMetric
from .confusion import channel_confusion


@METRICS.register_module()
class MultiLabelIoUMetric(ClassIoUMetric):
    """:class:`ClassIoUMetric` for (K, H, W) maps of 0 and 1.

    mmseg's ``IoUMetric`` takes such a map for the class ids of K images, and is silently wrong.
    There is no ``aAcc``, because a pixel has as many answers as there are classes.
    With ``output_dir`` it writes one PNG of 0 and 255 into a folder for each class.
    """

    def confusion_of(self, pred: Tensor, label: Tensor) -> Tensor:
        """Returns the matrices of one image, see :func:`~.confusion.channel_confusion`."""
        return channel_confusion(pred, label)

    def write(self, folder: str, name: str, sample: dict) -> None:
        """Writes the prediction of one image as ``folder/CLASS/name.png``, 0 and 255."""
        pred = sample['pred_sem_seg']['data'].byte().cpu().numpy()
        for cls, one in zip(self.dataset_meta['classes'], pred, strict=True):
            write_png(Path(folder) / cls / f'{name}.png', 255 * one)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See :class:`ClassIoUMetric`."""
        metrics = super().compute_metrics(results)
        metrics.pop('aAcc', None)
        return metrics
