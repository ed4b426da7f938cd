# SPDX-License-Identifier: Apache-2.0
"""Compares pseudo-labels with hidden annotations."""

import torch
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS
from torch import Tensor

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX


def quality_counts(label: Tensor, mask: Tensor, hidden: Tensor, num_classes: int) -> Tensor:
    """Counts known and correctly labeled pixels outside and inside the mask.

    Args:
        label (Tensor): (M, H, W) pseudo-labels.
        mask (Tensor): (M, H, W) bool, inconsistent pixels.
        hidden (Tensor): (M, H, W) true labels, 255 = unknown.
        num_classes (int): C. Classes are the true ones; with M = C > 1 maps, a class's pixels are
            those of its map.

    Returns:
        Tensor: (C, 2, 2) float64: class, outside or inside, known or right.
    """
    if label.shape != hidden.shape:
        raise UserError(
            f'The hidden annotation has the shape {tuple(hidden.shape)} and the pseudo-label '
            f'{tuple(label.shape)}: load it after Resize, so that it keeps the size of its file, '
            'and, if classes overlap, with LoadHiddenAnnotations(classes=[...]).'
        )
    known = hidden != IGNORE_INDEX
    if len(label) > 1:
        cls = torch.arange(len(label), device=label.device).view(-1, 1, 1).expand_as(label)
    else:
        cls = hidden
    index = (2 * cls.long() + mask.long())[known]
    size = 2 * num_classes
    right = torch.bincount(index[(label == hidden)[known]], minlength=size)[:size]
    return torch.stack([torch.bincount(index, minlength=size)[:size], right], 1).double().view(
        num_classes, 2, 2
    )  # fmt: skip


@METRICS.register_module()
class PseudoLabelQuality(BaseMetric):
    """Accuracy of pseudo-labels outside and inside the mask, for reports, never for training.

    Give it beside :class:`PseudoLabelWriter` where true labels of the "unlabeled" images exist,
    with ``LoadHiddenAnnotations`` and ``PackSemiInputs`` in the pipeline. Inside the mask, the
    label of the mean probability is judged.

    Args:
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = 'pseudo'):
        super().__init__(collect_device, prefix)

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Counts a batch."""
        for sample in data_samples:
            if 'hidden_sem_seg' not in sample:
                raise UserError(
                    'PseudoLabelQuality needs the true labels: put LoadHiddenAnnotations and '
                    'PackSemiInputs into the pipeline of unlabeled_dataloader, or take the metric '
                    'out of unlabeled_evaluator.'
                )
            label = sample['pred_sem_seg']['data']
            hidden = sample['hidden_sem_seg']['data'].to(label.device)
            mask = sample['inconsistent']['data']
            classes = len(self.dataset_meta['classes'])
            self.results.append(quality_counts(label, mask, hidden, classes).cpu())

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """Returns ``accuracy_outside`` and ``accuracy_inside``; absent without such a pixel."""
        counts = torch.stack(results).sum(dim=0).sum(dim=0)
        metrics = {}
        for name, (known, right) in zip(('outside', 'inside'), counts.tolist(), strict=True):
            if known:
                metrics[f'accuracy_{name}'] = right / known
        return metrics
