# SPDX-License-Identifier: Apache-2.0
"""IoU, Dice and F-score of classes that may overlap."""

from pathlib import Path

import torch
from mmseg.registry import METRICS

from ..errors import UserError
from ..files.whole import write_png
from ..labels.spaces import IGNORE_INDEX
from .class_iou import ClassIoUMetric


def channel_counts(pred: torch.Tensor, label: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Returns intersection, union, predicted and annotated pixels of each class.

    Args:
        pred (Tensor): (K, H, W) of 0 and 1.
        label (Tensor): (K, H, W) of 0, 1 and 255 (ignored).

    Returns:
        tuple[Tensor, ...]: Four (K,) float64 pixel counts.
    """
    if pred.shape != label.shape:
        raise UserError(
            f'The metric got a prediction of the shape {tuple(pred.shape)} and a label of '
            f"{tuple(label.shape)}: set model.label_space='multilabel'."
        )
    found, present = (pred == 1) & (label != IGNORE_INDEX), label == 1
    maps = (found & present, found | present, found, present)
    return tuple(one.sum(dim=(1, 2)).double() for one in maps)


@METRICS.register_module()
class MultiLabelIoUMetric(ClassIoUMetric):
    """:class:`ClassIoUMetric` for (K, H, W) maps of 0 and 1.

    mmseg's ``IoUMetric`` takes such a map for the class ids of K images, and is silently wrong.
    There is no ``aAcc``, because a pixel has as many answers as there are classes.
    With ``output_dir`` it writes one PNG of 0 and 255 into a folder for each class.
    """

    def count(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Adds one batch to the counts."""
        for sample in data_samples if not self.format_only else ():
            pred = sample['pred_sem_seg']['data']
            label = sample['gt_sem_seg']['data'].to(pred.device)
            self.results.append([counts.cpu() for counts in channel_counts(pred, label)])

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
