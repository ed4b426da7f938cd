# SPDX-License-Identifier: Apache-2.0
"""Labels images in parts, side by side, with the metrics that one process would return."""

import copy
from itertools import pairwise
from pathlib import Path

from mmengine import Config
from mmseg.registry import DATASETS

from ..errors import UserError
from ..evaluation.shard_evaluator import evaluate_shards
from ..files.atomic import plain_numbers
from .executors import Inline
from .jobs import Job, job_of
from .stages import measure, write_labels
from .submitting import Submitting

RESULTS = 'results.pth'


def label_jobs(cfg: Config, folder: Path, executor: Inline | Submitting) -> list[Job]:
    """Returns the jobs that label the images of a test config, each a part of them.

    A job of several processes shares the images among these, and is the only one.

    Args:
        cfg (Config): From :func:`~.configs.labeling_config`.
        folder (Path): Of the pseudo-labels.
        executor (Inline or Submitting): Says how many jobs there can be at a time.
    """
    count = len(DATASETS.build(copy.deepcopy(cfg.test_dataloader.dataset)))
    parts = shards(count, cfg.test_dataloader.get('batch_size', 1), executor.at_once)
    if len(parts) < 2 or executor.processes > 1:
        return [job_of(folder, write_labels, cfg=cfg)]
    return [
        job_of(folder.with_name(f'labeling_{a}_to_{b - 1}'), label_shard, cfg=cfg, part=(a, b))
        for a, b in parts  # in the name: with another number of jobs they are other images
    ]


def shards(count: int, batch_size: int, number: int) -> list[tuple[int, int]]:
    """Splits images into ranges of whole batches, so that every batch is the one of a single run.

    Args:
        count (int): Images.
        batch_size (int): Of the loader.
        number (int): Parts at most.

    Returns:
        list[tuple[int, int]]: First image of each part, and the one after its last.
    """
    batches = -(-count // batch_size)
    number = min(number, batches)
    ends = [min(count, batch_size * (i * batches // number)) for i in range(number + 1)]
    return list(pairwise(ends))


def label_shard(cfg: Config, folder: Path, part: tuple[int, int]) -> dict:
    """Labels some of the images and writes what the metrics counted, as a job.

    Args:
        cfg (Config): That labels all of them.
        folder (Path): For log and counts.
        part (tuple[int, int]): The first image, and the one after the last.
    """
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader.sampler = dict(type='RangeSampler', start=part[0], stop=part[1])
    cfg.test_evaluator = dict(
        type='ShardEvaluator', metrics=cfg.test_evaluator, out_file=str(folder / RESULTS)
    )
    measure(cfg, folder)
    return dict(counts=str(folder / RESULTS), part=list(part))


def join_shards(cfg: Config, results: list[dict]) -> dict:
    """Writes the index of all pseudo-labels, if there were parts, and returns the metrics.

    Args:
        cfg (Config): That labels all of them.
        results (list[dict]): Of the jobs, in their order.

    Raises:
        UserError: If the parts are not all images, each once.
    """
    if 'counts' not in results[0]:
        return results[0]
    dataset = DATASETS.build(copy.deepcopy(cfg.test_dataloader.dataset))
    parts = [result.get('part') for result in results]
    ends = [0, *(part[1] for part in parts if part)]
    if parts != [list(pair) for pair in pairwise(ends)] or ends[-1] != len(dataset):
        raise UserError(
            f'The images were labeled in the parts {parts} (first image, and one after the last), '
            f'which are not all {len(dataset)}, each once. Were images added or deleted meanwhile? '
            f'Delete the folders {Path(results[0]["counts"]).parent.parent}/labeling_* and begin '
            'again with --resume.'
        )
    files = [Path(result['counts']) for result in results]
    metrics = evaluate_shards(cfg.test_evaluator, dataset.metainfo, len(dataset), files)
    return plain_numbers(metrics)
