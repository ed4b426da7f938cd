# SPDX-License-Identifier: Apache-2.0
"""mIoU that also says the IoU of each class."""

from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``, with ``IoU/CLASS`` in percent among the metrics.

    mmseg prints these in a table and returns only their mean. A class that occurs neither in
    prediction nor in annotation is NaN.
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See ``IoUMetric``."""
        metrics = super().compute_metrics(results)
        if results:  # with format_only there are none
            intersection, union = (sum(areas) for areas in list(zip(*results, strict=True))[:2])
            iou = (100 * intersection / union).tolist()
            for name, value in zip(self.dataset_meta['classes'], iou, strict=True):
                metrics[f'IoU/{name}'] = round(value, 2)
        return metrics
