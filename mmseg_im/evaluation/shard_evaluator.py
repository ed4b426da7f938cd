# SPDX-License-Identifier: Apache-2.0
"""Evaluates a data set in parts: keeps what metrics counted, and puts parts together."""

import io
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import EVALUATOR
from mmengine.runner.checkpoint import CheckpointLoader

from ..errors import UserError
from ..files.atomic import write_aside
from .row_writer import RowWriter


@EVALUATOR.register_module()
class ShardEvaluator(Evaluator):
    """Writes what metrics counted on a part of the images to a file, instead of evaluating it.

    Args:
        metrics (dict or Sequence[dict]): Configs of the metrics.
        out_file (str): The file, for :func:`evaluate_shards`.
    """

    def __init__(self, metrics: dict | Sequence[dict], out_file: str):
        super().__init__(metrics)
        self.out_file = Path(out_file)

    def evaluate(self, size: int) -> dict:
        """Writes the file; returns no metrics."""
        for metric in self.metrics:
            if isinstance(metric, RowWriter):
                metric.wait()
        content = io.BytesIO()
        torch.save(dict(results=[metric.results for metric in self.metrics]), content)
        write_aside(self.out_file, content.getvalue())
        return {}


def evaluate_shards(
    metrics: dict | Sequence[dict], dataset_meta: dict, size: int, files: Sequence[Path]
) -> dict:
    """Returns what metrics say of all images; can be called again.

    Args:
        metrics (dict or Sequence[dict]): Configs of the metrics.
        dataset_meta (dict): Of the data set: ``classes`` and so on.
        size (int): Images.
        files (Sequence[Path]): Of the parts, in the order of the images.

    Raises:
        MissingFileError, UserError: If a file is not there or not of these metrics.
    """
    evaluator = Evaluator(metrics)
    evaluator.dataset_meta = dataset_meta
    for metric in evaluator.metrics:
        if isinstance(metric, RowWriter):
            metric.keeps_parts = (
                True  # a run that is killed before it noted the end joins them again
            )
    for file in files:
        content = CheckpointLoader.load_checkpoint(str(file), 'cpu', logger='silent')
        results = content.get('results')
        lists = isinstance(results, list) and all(isinstance(part, list) for part in results)
        if not lists or len(results) != len(evaluator.metrics):
            raise UserError(f'{file} is not of these metrics. Delete the folder it is in.')
        for metric, part in zip(evaluator.metrics, results, strict=True):
            metric.results += part
    return evaluator.evaluate(size)
