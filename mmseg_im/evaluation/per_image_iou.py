# SPDX-License-Identifier: Apache-2.0
"""The metric of the original study, to compare with its numbers only."""

import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from .masks import class_masks

EPS = 1e-7


@METRICS.register_module()
class PerImageIoUMetric(BaseMetric):
    """Mean over images of the mean IoU of the classes in each image's annotation.

    Source: the code of Vorndran and Roeck (arXiv 2401.14387, first versions); I / (U + 1e-7),
    rounded to four digits for each image. It is not the mIoU of the field, and larger or smaller
    by many points: a class that is predicted where nobody annotated it costs nothing but union, an
    image of few classes counts as much as one of many.

    Binary tasks: the foreground alone; overlapping classes: all of them in every image (an empty
    map that is predicted empty scores 0, as there).

    Args:
        with_void (bool): As the original, count void (255) as one more class, which no network
            here predicts, and as union of what is predicted on it. False: void counts nowhere.
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(self, with_void: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.with_void = with_void

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Scores the images of one batch."""
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            overlapping = len(sample['gt_sem_seg']['data']) > 1
            pred, label, known = class_masks(sample, num_classes)
            if not self.with_void:
                pred = pred & known
            counted = np.ones(num_classes, bool)
            if not overlapping:
                counted = label.any(axis=(1, 2))
                if num_classes == 2:  # background against foreground
                    counted = np.array([False, True])
            union = (pred | label).sum(axis=(1, 2))
            iou = (pred & label).sum(axis=(1, 2)) / (union + EPS)
            values = list(iou[counted])
            if self.with_void and num_classes > 2 and not overlapping and not known.all():
                values.append(0.0)
            if values:
                self.results.append(round(float(np.mean(values)), 4))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``per_image_mIoU`` in percent."""
        mean = float(np.mean(results)) if results else float('nan')
        return dict(per_image_mIoU=round(100 * mean, 2))
