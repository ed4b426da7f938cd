# SPDX-License-Identifier: Apache-2.0
"""Keeps the checkpoint with the best validation, whenever the run is stopped."""

import os
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import HOOKS

from ...errors import UserError
from ...files import plain_numbers, read_json, write_json

RECORD = 'validation.json'
BEST = 'best.pth'
REMEDY = 'Delete its folder: the network is trained again.'


@HOOKS.register_module()
class KeepBestHook(Hook):
    """Records every validation in a file and keeps the weights of the best one.

    mmengine's ``save_best`` writes an epoch's checkpoint before the epoch is validated, so a run
    that is killed in between forgets that validation, and it removes the old best file before it
    writes the new one. This hook validates again what a killed run did not record, and both its
    files, ``validation.json`` and ``best.pth`` (student and method, no optimiser), are whole at
    any time.

    Args:
        metric (str): Which validation metric decides; larger is better. Equal values: the earlier.
    """

    priority = 'LOW'

    def __init__(self, metric: str):
        self.metric = metric

    def before_train(self, runner) -> None:
        """Forgets validations of a later point than the checkpoint; makes up a missing one."""
        self.folder = Path(runner.work_dir)
        path = self.folder / RECORD
        now = self._now(runner)
        record = read_validations(path) if path.exists() and now > 0 else {}
        self.record = {key: value for key, value in record.items() if int(key) <= now}
        if self._is_due(runner, now) and str(now) not in self.record:
            print_log(f'The validation at {now} was not recorded; it is repeated.', 'current')
            runner.val_loop.run()

    def _now(self, runner) -> int:
        epochs = isinstance(runner.train_loop, EpochBasedTrainLoop)
        return runner.epoch if epochs else runner.iter

    def _is_due(self, runner, now: int) -> bool:
        loop = runner.train_loop
        end = loop.max_epochs if isinstance(loop, EpochBasedTrainLoop) else loop.max_iters
        at = now % loop.val_interval == 0 or now == end
        return runner.val_loop is not None and now >= max(loop.val_begin, 1) and at

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Compares a validation with the best one so far.

        Raises:
            UserError: If there is no metric of that name.
        """
        if self.metric not in metrics:
            raise UserError(
                f'The validation has no metric {self.metric!r}; it has {", ".join(metrics)}. '
                'Correct generations.metric.'
            )
        now = str(self._now(runner))
        best = max((score(v[self.metric]) for v in self.record.values()), default=None)
        if best is None or score(metrics[self.metric]) > best:
            aside = f'.{BEST}.tmp'
            runner.save_checkpoint(
                str(self.folder), aside, save_optimizer=False, save_param_scheduler=False
            )
            if is_main_process():
                os.replace(self.folder / aside, self.folder / BEST)
        self.record[now] = plain_numbers(metrics)
        if is_main_process():
            write_json(self.folder / RECORD, dict(validations=self.record))


def score(value: float | None) -> float:
    """A metric for comparison: NaN, or None in its place, is worse than anything."""
    return float('-inf') if value is None or value != value else float(value)


def read_validations(path: Path) -> dict[str, dict]:
    """Reads what the hook recorded: metrics by epoch (or iteration).

    Raises:
        MissingFileError, UserError: If it is missing or damaged.
    """
    shape = dict(validations={int: {str: (float, None)}})
    return read_json(path, shape, REMEDY)['validations']


def best_validation(folder: Path, metric: str) -> tuple[int, dict[str, float]]:
    """Reads what a finished run recorded.

    Returns:
        tuple[int, dict]: Epoch (or iteration) of the best validation, and its metrics.
    """
    validations = read_validations(folder / RECORD)
    for at, values in validations.items():
        if metric not in values:
            raise UserError(
                f'{folder / RECORD}: the validation at {at} has no metric {metric!r}; it has '
                f'{", ".join(values)}. Correct generations.metric.'
            )
    if not validations:
        raise UserError(f'{folder / RECORD} holds no validation. {REMEDY}')
    key = max(validations, key=lambda k: (score(validations[k][metric]), -int(k)))
    return int(key), validations[key]
