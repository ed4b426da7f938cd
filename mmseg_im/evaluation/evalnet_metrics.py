# SPDX-License-Identifier: Apache-2.0
"""Metrics of the quality network: its error, and a writer of its predictions."""

import logging
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from ..datasets.pseudo_label_files import MAX_DRAWS, QUALITY, QUALITY_ROW, REMEDY, image_name
from ..errors import UserError
from ..files.atomic import read_json, write_json
from ..files.row_file import RowFile
from ..labels.spaces import LABEL_SPACES
from ..models.evalnet import label_quality
from .row_writer import RowWriter


def mean_quality(iou: np.ndarray, presence: np.ndarray, skip: list[int]) -> float:
    """Returns the mean predicted IoU of the classes predicted to be present; 0 if none is.

    Args:
        iou (np.ndarray): (C,) predicted IoU in [0, 1].
        presence (np.ndarray): (C,) predicted probability that the class is present.
        skip (list[int]): Classes that do not count, such as background.
    """
    counts = presence >= 0.5
    counts[skip] = False
    return float(iou[counts].mean()) if counts.any() else 0.0


def draws_by_quality(quality: float, low: float, high: float) -> int:
    """Returns how often to draw an image: once up to ``low``, 5 times above ``high``.

    In between, the number grows with the quality (the paper's schedule).

    Args:
        quality (float): Predicted quality of a label.
        low (float): Lower threshold.
        high (float): Upper threshold; with ``high <= low`` the step is at ``low``.
    """
    if quality <= low:
        return 1
    if quality > high or high <= low:
        return MAX_DRAWS
    return min(MAX_DRAWS, 1 + int((quality - low) / ((high - low) / MAX_DRAWS)))


def read_qualities(path: str | PathLike) -> list[float]:
    """Returns the predicted quality of each validation image, as :class:`LabelQualityMetric` wrote.

    Raises:
        MissingFileError, UserError: If it is missing or damaged.
    """
    remedy = 'A generational run writes it again with --resume.'
    qualities = read_json(path, [float], remedy)
    if not qualities:
        raise UserError(f'{path} is damaged (it holds no image). {remedy}')
    return qualities


@METRICS.register_module()
class LabelQualityMetric(BaseMetric):
    """Validates the quality network on labels of annotated images.

    Writes, if ``out_file`` is given, the mean predicted quality of every image, whose quantiles
    are the thresholds of :class:`LabelQualityWriter`.

    Args:
        label_space (str): See :class:`~mmseg_im.models.evalnet.EvalNet`.
        skip_classes (list[str]): Classes that do not count in an image's quality.
        out_file (str, optional): JSON file.
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(
        self,
        label_space: str = 'multiclass',
        skip_classes: list[str] | None = None,
        out_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = 'quality',
    ):
        super().__init__(collect_device, prefix)
        self.label_space = label_space
        self.skip_classes = skip_classes or []
        self.out_file = out_file

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Compares predicted and true IoU of a batch."""
        space = LABEL_SPACES[self.label_space](len(self.dataset_meta['classes']))
        for sample in data_samples:
            label, truth = (sample[key]['data'].cpu()[None] for key in ('candidate', 'gt_sem_seg'))
            iou, counts, _ = label_quality(space, label, truth)
            predicted = sample['quality'].float().cpu()
            quality = mean_quality(
                predicted.numpy(), sample['presence'].float().cpu().numpy(), self._skip()
            )
            self.results.append((predicted, iou[0], counts[0], quality))

    def _skip(self) -> list[int]:
        classes = list(self.dataset_meta['classes'])
        return [classes.index(name) for name in self.skip_classes]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Returns ``mae`` of the IoU over images and classes, and ``score``, its negative.

        ``constant_mae`` is that of the best guess without looking at the images: the mean IoU of
        each class. A network that is not better has learned nothing, of which the log warns.
        """
        *columns, qualities = zip(*results, strict=True)
        predicted, true, counts = (torch.stack(column) for column in columns)
        mean = (true * counts).sum(dim=0) / counts.sum(dim=0).clamp(min=1)
        total = counts.sum().clamp(min=1)
        mae, constant = (
            float(((guess - true).abs() * counts).sum() / total) for guess in (predicted, mean)
        )
        if self.out_file is not None and is_main_process():
            write_json(self.out_file, list(qualities))
        if mae >= constant:
            print_log(
                f'The quality network errs by {mae:.3f} in the IoU, and its mean would err by '
                f'{constant:.3f}: it has not learned to judge labels yet.',
                logger='current',
                level=logging.WARNING,
            )
        return dict(mae=mae, constant_mae=constant, score=-mae)


@METRICS.register_module()
class LabelQualityWriter(RowWriter):
    """Writes ``quality.sqlite`` beside pseudo-labels: how often to draw each image.

    Args:
        labels (str): Folder of the pseudo-labels.
        img_dir (str): Folder of the images.
        validation (str): What :class:`LabelQualityMetric` wrote.
        quantiles (tuple[float, float]): Of the validation qualities: up to the lower one an image
            is drawn once, above the upper one five times.
        drop_quantile (float): Images below this quantile are left out; 0 keeps all.
        min_class_iou (float): Classes that are predicted to be present with a lower IoU lose their
            label in an image.
        skip_classes (list[str]): Classes that do not count in an image's quality.
        collect_device (str): See ``BaseMetric``.
        prefix (str, optional): See ``BaseMetric``.
    """

    def __init__(
        self,
        labels: str,
        img_dir: str,
        validation: str,
        quantiles: tuple[float, float] = (0.25, 0.75),
        drop_quantile: float = 0.0,
        min_class_iou: float = 0.0,
        skip_classes: list[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = 'quality',
    ):
        super().__init__(Path(labels), collect_device, prefix)
        self.img_dir = img_dir
        self.validation = validation
        self.quantiles = quantiles
        self.drop_quantile = drop_quantile
        self.min_class_iou = min_class_iou
        self.skip_classes = skip_classes or []

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Judges a batch by the thresholds."""
        for sample in data_samples:
            iou, presence = (sample[key].double().cpu().numpy() for key in ('quality', 'presence'))
            quality = mean_quality(iou, presence, self._skip)
            dropped = self.drop_quantile > 0 and quality < self._thresholds['drop']
            # what is predicted to be absent has no meaningful IoU
            ignored = np.flatnonzero((iou < self.min_class_iou) & (presence >= 0.5)).tolist()
            low, high = self._thresholds['low'], self._thresholds['high']
            row = dict(
                quality=quality,
                draws=0 if dropped else draws_by_quality(quality, low, high),
                ignored_classes=ignored,
            )
            self.add(image_name(sample['img_path'], self.img_dir), row)

    @cached_property
    def _skip(self) -> list[int]:
        classes = list(self.dataset_meta['classes'])
        return [classes.index(name) for name in self.skip_classes]

    @cached_property
    def _thresholds(self) -> dict[str, float]:
        known = read_qualities(self.validation)
        values = np.quantile(known, [*self.quantiles, self.drop_quantile]).tolist()
        return dict(zip(('low', 'high', 'drop'), values, strict=True))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Writes the file; returns mean quality, draws per image and share of dropped images."""
        self.join(QUALITY, dict(thresholds=self._thresholds), results)
        rows = RowFile(self.folder / QUALITY, {}, dict(QUALITY_ROW, quality=float), REMEDY)
        values = ((row['quality'], row['draws']) for _, row in rows.pairs())
        quality, draws = np.fromiter(values, np.dtype((float, 2))).T
        return dict(
            mean=float(quality.mean()),
            draws=float(draws.mean()),
            dropped=float((draws == 0).mean()),
        )
