# SPDX-License-Identifier: Apache-2.0
"""mIoU of classes that may overlap."""

import torch
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from prettytable import PrettyTable

from ..errors import UserError
from ..label_space import IGNORE_INDEX


def channel_counts(pred: torch.Tensor, label: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Intersection and union of each class.

    Args:
        pred (Tensor): (K, H, W) of 0 and 1.
        label (Tensor): (K, H, W) of 0, 1 and 255 (ignored).

    Returns:
        tuple[Tensor, Tensor]: Two (K,) float64 pixel counts.
    """
    if pred.shape != label.shape:
        raise UserError(
            f'MultiLabelIoUMetric got a prediction of the shape {tuple(pred.shape)} and a label of '
            f"{tuple(label.shape)}: set model.label_space='multilabel'."
        )
    known = label != IGNORE_INDEX
    found, present = (pred == 1) & known, label == 1
    intersection = (found & present).sum(dim=(1, 2))
    return intersection.double(), (found | present).sum(dim=(1, 2)).double()


@METRICS.register_module()
class MultiLabelIoUMetric(BaseMetric):
    """IoU of each class over the whole data set, and their mean.

    mmseg's ``IoUMetric`` takes a (K, H, W) map for K images' worth of class ids and scores it
    wrongly without a word. A class that occurs neither in prediction nor in annotation is left
    out of the mean.

    Args:
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Counts one batch."""
        for sample in data_samples:
            pred = sample['pred_sem_seg']['data']
            label = sample['gt_sem_seg']['data'].to(pred.device)
            self.results.append([counts.cpu() for counts in channel_counts(pred, label)])

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Mean IoU in percent, as ``mIoU``, and ``IoU/CLASS``; prints a table of the classes."""
        intersection, union = (
            torch.stack(counts).sum(dim=0) for counts in zip(*results, strict=True)
        )
        iou = 100 * intersection / union
        if is_main_process():
            table = PrettyTable(['Class', 'IoU'])
            for name, value in zip(self.dataset_meta['classes'], iou.tolist(), strict=True):
                table.add_row([name, f'{value:.2f}'])
            print_log(f'per class results:\n{table}', logger='current')
        of_class = zip(self.dataset_meta['classes'], iou.tolist(), strict=True)
        return {
            'mIoU': round(float(iou.nanmean()), 2),
            **{f'IoU/{name}': round(value, 2) for name, value in of_class},
        }
