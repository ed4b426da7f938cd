# SPDX-License-Identifier: Apache-2.0
"""IoU, Dice and F-score, with the value of each class."""

import os.path as osp

import numpy as np
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from ..files.label_png import write_ids


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``, with the values of each class in percent among the metrics.

    mmseg prints these in a table and returns only their means. Beside ``mIoU``, ``mDice`` and
    ``mFscore`` (``iou_metrics``) there are then ``IoU/CLASS``, ``Dice/CLASS``, ``Fscore/CLASS``.
    All are of hard labels, with the pixels of all images in one count. A class that occurs
    neither in prediction nor in annotation is NaN, and not part of a mean.

    Args:
        img_dir (str, optional): Folder to which the names of files in ``output_dir`` are relative,
            so that images of one name in two folders stay apart. None: their bare names.
        **kwargs: Of ``IoUMetric``.
    """

    output_dir: str | None  # of mmseg

    def __init__(self, img_dir: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.img_dir = img_dir

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
        super().process(data_batch, data_samples)

    def write(self, folder: str, name: str, sample: dict) -> None:
        """Writes the prediction of one image as ``folder/name.png``, class ids with a palette."""
        ids = sample['pred_sem_seg']['data'].squeeze(0).cpu().numpy()
        # the ids of ADE20K's files begin with 1
        offset = int(sample.get('reduce_zero_label', False))
        palette = self.dataset_meta.get('palette') or ()
        write_ids(osp.join(folder, f'{name}.png'), (ids + offset).astype(np.uint8), palette, offset)

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
