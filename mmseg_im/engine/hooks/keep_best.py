# SPDX-License-Identifier: Apache-2.0
"""Keeps the checkpoint with the best validation, whenever the run is stopped."""

import logging
import os
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import HOOKS

from ...errors import UserError
from ...files import plain_numbers, read_json, write_json
from ...models.finite import not_finite
from ..access import student_of

RECORD = 'validation.json'
BEST = 'best.pth'


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
        record = read_json(path)['validations'] if path.is_file() and now > 0 else {}
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
        if (name := not_finite(student_of(runner))) is not None:
            print_log(
                f'{name} holds NaN or inf: these weights are not kept as the best.',
                'current',
                logging.WARNING,
            )
            return
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


def best_validation(folder: Path, metric: str) -> tuple[int, dict[str, float]]:
    """Reads what a finished run recorded.

    Returns:
        tuple[int, dict]: Epoch (or iteration) of the best validation, and its metrics.
    """
    validations = read_json(folder / RECORD)['validations']
    key = max(validations, key=lambda k: (score(validations[k][metric]), -int(k)))
    return int(key), validations[key]
