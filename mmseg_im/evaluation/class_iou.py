# SPDX-License-Identifier: Apache-2.0
"""IoU, Dice and F-score that also say the value of each class."""

from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``, with the values of each class in percent among the metrics.

    mmseg prints these in a table and returns only their means. Beside ``mIoU``, ``mDice`` and
    ``mFscore`` (``iou_metrics``) there are then ``IoU/CLASS``, ``Dice/CLASS``, ``Fscore/CLASS``.
    All are of hard labels, with the pixels of all images in one count. A class that occurs
    neither in prediction nor in annotation is NaN, and not part of a mean.
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See ``IoUMetric``."""
        metrics = super().compute_metrics(results)
        if results:  # with format_only there are none
            areas = [sum(one) for one in zip(*results, strict=True)]
            values = self.total_area_to_metrics(*areas, self.metrics, self.nan_to_num, self.beta)
            for kind in ('IoU', 'Dice', 'Fscore'):
                if kind in values:
                    for name, value in zip(self.dataset_meta['classes'], values[kind], strict=True):
                        metrics[f'{kind}/{name}'] = round(100 * float(value), 2)
        return metrics
