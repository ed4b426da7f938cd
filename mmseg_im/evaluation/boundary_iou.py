# SPDX-License-Identifier: Apache-2.0
"""IoU of the pixels near a contour, which a large area cannot hide."""

import cv2
import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from ..errors import UserError
from .class_masks import class_masks


def boundary(mask: np.ndarray, distance: int) -> np.ndarray:
    """Returns the pixels of a mask within a distance of its contour, the image border included.

    Args:
        mask (np.ndarray): (H, W) bool.
        distance (int): Pixels, 1 or more.

    Returns:
        np.ndarray: (H, W) bool.
    """
    padded = np.pad(mask.astype(np.uint8), 1)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=distance)
    return mask & (eroded[1:-1, 1:-1] == 0)


@METRICS.register_module()
class BoundaryIoUMetric(BaseMetric):
    """Boundary IoU of each class and its mean, over all images.

    Source: Cheng et al., CVPR 2021, arXiv 2103.16562: the IoU of the boundary regions of
    prediction and annotation, within a distance of 2 % of the image's diagonal. Ignored pixels
    count nowhere. A class that has no boundary anywhere is NaN. Add it to a list of evaluators::

        test_evaluator = [dict(type='ClassIoUMetric'), dict(type='BoundaryIoUMetric')]

    Args:
        distance_ratio (float): Share of the diagonal, in (0, 1).
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(self, distance_ratio: float = 0.02, **kwargs):
        super().__init__(**kwargs)
        if not 0 < distance_ratio < 1:
            raise UserError(
                f'BoundaryIoUMetric.distance_ratio={distance_ratio} must lie between 0 and 1: it '
                "is a share of the image's diagonal."
            )
        self.distance_ratio = distance_ratio

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Counts one batch."""
        for sample in data_samples:
            pred, label, known = class_masks(sample, len(self.dataset_meta['classes']))
            distance = max(1, round(self.distance_ratio * np.hypot(*label.shape[1:])))
            counts = []
            for p, t, k in zip(pred, label, known, strict=True):
                p, t = boundary(p & k, distance) & k, boundary(t, distance)
                counts.append(((p & t).sum(), (p | t).sum()))
            self.results.append(np.array(counts, dtype=np.float64))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Returns ``mBoundaryIoU`` and ``BoundaryIoU/CLASS`` in percent."""
        intersection, union = np.sum(results, axis=0).T
        iou = 100 * np.divide(intersection, union, out=np.full_like(union, np.nan), where=union > 0)
        known = iou[~np.isnan(iou)]
        return {
            'mBoundaryIoU': round(float(known.mean()), 2) if len(known) else float('nan'),
            **{
                f'BoundaryIoU/{name}': round(float(value), 2)
                for name, value in zip(self.dataset_meta['classes'], iou, strict=True)
            },
        }
