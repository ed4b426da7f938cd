# SPDX-License-Identifier: Apache-2.0
"""The metric of the original study, to compare with its numbers only."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from ..errors import UserError
from .class_masks import class_masks

EPS = 1e-7


@METRICS.register_module()
class PerImageIoUMetric(BaseMetric):
    """Mean over images of the mean IoU of the classes in each image's annotation.

    Source: the code of Vorndran and Roeck (arXiv 2401.14387, first versions); I / (U + 1e-7),
    rounded to four digits for each image. It is not the mIoU of the field, and larger or smaller
    by many points: a class that is predicted where nobody annotated it costs nothing but union, an
    image of few classes counts as much as one of many.

    Not here: the study redrew the predicted ``position`` of HeLa before it measured, and counted
    cells.

    Args:
        classes (Sequence[str], optional): Score these in every image; one that is neither
            annotated nor predicted scores 0, as there (ISIC 2018: the lesion; HeLa: alive and
            dead). None: the classes in each annotation; of classes that overlap, all.
        with_void (bool): As the original, count void (255) as one more class, which no network
            here predicts, and as union of what is predicted on it. False: void counts nowhere.
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(self, classes: Sequence[str] | None = None, with_void: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.with_void = with_void

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Scores the images of one batch."""
        names = list(self.dataset_meta['classes'])
        unknown = sorted(set(self.classes or ()) - set(names))
        if unknown:
            raise UserError(
                f'PerImageIoUMetric.classes: the data has no class {unknown[0]!r}; it has '
                f'{", ".join(names)}.'
            )
        chosen = np.isin(names, self.classes or names)
        for sample in data_samples:
            overlapping = len(sample['gt_sem_seg']['data']) > 1
            pred, label, known = class_masks(sample, len(names))
            if not self.with_void:
                pred = pred & known
            by_image = self.classes is None and not overlapping
            counted = label.any(axis=(1, 2)) if by_image else chosen
            union = (pred | label).sum(axis=(1, 2))
            iou = (pred & label).sum(axis=(1, 2)) / (union + EPS)
            values = list(iou[counted])
            if self.with_void and by_image and not known.all():
                values.append(0.0)
            if values:
                self.results.append(round(float(np.mean(values)), 4))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Returns ``per_image_mIoU`` in percent."""
        mean = float(np.mean(results)) if results else float('nan')
        return dict(per_image_mIoU=round(100 * mean, 2))
