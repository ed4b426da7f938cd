# SPDX-License-Identifier: Apache-2.0
"""Stages of a generational run: each a function of a config and of files on the disk."""

import copy
import gc
import shutil
from pathlib import Path

import numpy as np
import torch
from mmengine import Config
from mmengine.dist import barrier, is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from ..datasets.checked_files import remembering
from ..engine.hooks.best_files import BEST, best_validation
from ..engine.hooks.validation_record import RECORD
from ..engine.newest_checkpoint import newest_checkpoint
from ..engine.processes import on_main_process, stop_workers
from ..engine.quiet_log import shorten_console
from ..errors import DivergedError
from ..files.atomic import plain_numbers, write_aside
from .state import CONFIG, STATE

BY_HAND = 'by_hand'


def train_student(cfg: Config, folder: Path, seed: int, metric: str) -> dict:
    """Trains one network, or goes on where its training was interrupted.

    Args:
        cfg (Config): From :func:`~.configs.student_config`.
        folder (Path): Its work_dir.
        seed (int): Of this network.
        metric (str): The validation metric that chooses its checkpoint.

    Returns:
        dict: ``checkpoint`` and ``config`` (file names in the folder), ``seed``, ``at`` (epoch or
        iteration of the best validation) and ``val``, its metrics. If training diverged, also
        ``diverged``, a sentence; ``checkpoint`` is then of an earlier validation, and missing if
        there was none.
    """
    cfg = copy.deepcopy(cfg)
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    cfg.work_dir = str(folder)
    if is_main_process():
        by_hand = copy.deepcopy(cfg)
        by_hand.work_dir = str(folder / BY_HAND)  # whoever repeats it must not overwrite this run
        write_aside(folder / CONFIG, by_hand.pretty_text.encode())
    latest = on_main_process(lambda: newest_checkpoint(folder))
    if latest is not None:
        cfg.load_from, cfg.resume = str(latest), True
    result = dict(config=CONFIG, seed=seed)
    try:
        run_isolated(cfg, folder, 'train')
    except DivergedError as error:
        result['diverged'] = str(error)
    barrier()
    if 'diverged' in result and not (folder / RECORD).is_file():
        return dict(result, val={metric: None})
    at, metrics = best_validation(folder, metric)
    return dict(result, checkpoint=BEST, at=at, val=metrics)


def train_quality(cfg: Config, test: Config, folder: Path, seed: int) -> dict:
    """Trains the quality network and lets it judge the validation labels, as a job.

    Args:
        cfg (Config): Of the training.
        test (Config): That judges, with the best weights.
        folder (Path): Of the network.
        seed (int): Of the network.

    Returns:
        dict: See :func:`train_student`.
    """
    result = train_student(cfg, folder, seed, 'quality/score')
    if 'checkpoint' in result:
        measure(test, folder.with_name(f'{folder.name}_on_val'))
    return result


def student_seed(seed: int, *place: int) -> int:
    """Returns the seed of one network; runs of neighbouring seeds share none.

    Args:
        seed (int): Of the whole run.
        *place (int): Generation of the network, and its number there.
    """
    return int(np.random.SeedSequence([seed & 0xFFFFFFFF, *place]).generate_state(1)[0] >> 1)


def write_labels(cfg: Config, folder: Path) -> dict[str, float | None]:
    """Writes the pseudo-labels of the unlabeled images.

    Args:
        cfg (Config): From :func:`~.configs.labeling_config`.
        folder (Path): Of the pseudo-labels; what an interrupted stage left there is deleted.

    Returns:
        dict[str, float]: The metrics.
    """
    if is_main_process():
        shutil.rmtree(folder, ignore_errors=True)
    barrier()
    return measure(cfg, folder.with_name('labeling'))


def measure(cfg: Config, folder: Path) -> dict[str, float | None]:
    """Runs a test config, with its log below ``folder``, and returns its metrics."""
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(folder)
    metrics = run_isolated(cfg, folder, 'test')
    return plain_numbers(metrics)


def run_isolated(cfg: Config, folder: Path, method: str):
    """Trains or tests with a Runner of its own name, and frees it with its workers.

    A second Runner of a process would otherwise write to the log and the visualizer of the first,
    and its network would stay in memory beside the next one.

    Args:
        cfg (Config): Of the run; experiment and visualizer get names.
        folder (Path): Its work_dir.
        method (str): ``'train'`` or ``'test'``.

    Returns:
        What the method returns for ``'test'``, else None.
    """
    cfg.experiment_name = f'{"_".join(folder.parts[-3:])}_{unique()}'
    cfg.setdefault('visualizer', dict(type='LabelSpaceVisualizer'))['name'] = cfg.experiment_name
    runner = _StageRunner.from_cfg(cfg)
    try:
        metrics = None
        with remembering(_run_folder(folder), cfg.get('check_files', True)):
            if method == 'test':
                metrics = runner.test()
            else:
                runner.train()
    finally:
        stop_workers(runner)
        del runner
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return metrics


def _run_folder(folder: Path) -> Path:
    """Returns the folder of the run to which a stage belongs: all share what was checked."""
    return next((path for path in folder.parents if (path / STATE).is_file()), folder)


class _StageRunner(Runner):
    """mmengine's Runner, whose environment is in its log file alone."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        logger = super().build_logger(*args, **kwargs)
        shorten_console(logger)
        return logger


def unique(counter: list[int] = [0]) -> int:  # noqa: B006  (counts the runners of the process)
    """Returns a number that the process has not had, for the name of a logger."""
    counter[0] += 1
    return counter[0]
