# SPDX-License-Identifier: Apache-2.0
"""Records the validations of a run, and repeats one that was missed when it was stopped."""

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import HOOKS

from ...files.atomic import plain_numbers, read_json, write_json
from ..processes import on_main_process

RECORD = 'validation.json'
REMEDY = 'Delete it: the best of what follows is kept then.'


@HOOKS.register_module()
class ValidationRecordHook(Hook):
    """Records every validation in ``validation.json``, and repeats one that was missed.

    mmengine writes an epoch's checkpoint before the epoch is validated, so a run that is stopped
    in between would never be validated at that epoch.

    Attributes:
        record (dict[str, dict] or None): Metrics by epoch (or iteration); None before training.
    """

    priority = 'LOWEST'  # a validation in before_train needs all other hooks to be ready

    def __init__(self):
        self.record: dict[str, dict[str, float | None]] | None = None

    def before_train(self, runner) -> None:
        """Drops validations later than the checkpoint, and repeats a missing one."""
        self.folder = Path(runner.work_dir)
        now = position(runner)
        self.record = on_main_process(lambda: self.read(now))
        if validation_is_due(runner, now) and (str(now) not in self.record or _keeps_best(runner)):
            print_log(f'The validation at {now} is repeated: the run was stopped then.', 'current')
            runner.val_loop.run()

    def read(self, now: int) -> dict[str, dict]:
        """Returns the validations up to an epoch (or iteration); runs in the main process."""
        path = self.folder / RECORD
        found = read_record(path) if path.is_file() and now > 0 else {}
        return {key: value for key, value in found.items() if int(key) <= now}

    def after_val_epoch(self, runner, metrics: dict) -> None:
        """Adds a validation to the record."""
        if self.record is None:
            return
        self.record[str(position(runner))] = plain_numbers(_numbers(metrics))
        if is_main_process():
            content = dict(unit=unit_of(runner), validations=self.record)
            if (metric := getattr(self, 'metric', None)) is not None:
                content['metric'] = metric
            write_json(self.folder / RECORD, content)


def read_record(path: Path) -> dict[str, dict[str, float | None]]:
    """Returns the metrics of all validations, by epoch (or iteration).

    Raises:
        UserError: If the file holds something else.
    """
    shape = dict(validations={int: {str: (float, None)}})
    return read_json(path, shape, REMEDY)['validations']


def read_choice(path: Path) -> tuple[str | None, str | None]:
    """Returns by which metric a run chooses, and in what it counts; None for what is not known.

    Raises:
        UserError: If the file holds something else.
    """
    content = read_json(path, {'metric?': str, 'unit?': str}, REMEDY)
    return content.get('metric'), content.get('unit')


def position(runner) -> int:
    """Returns how many epochs a training has done, or iterations if its loop counts these."""
    return runner.epoch if unit_of(runner) == 'epoch' else runner.iter


def unit_of(runner) -> str:
    """Returns in what a training counts, ``'epoch'`` or ``'iteration'``."""
    return 'epoch' if isinstance(runner.train_loop, EpochBasedTrainLoop) else 'iteration'


def validation_is_due(runner, now: int) -> bool:
    """Returns whether the training loop validates after ``now`` epochs (or iterations)."""
    loop = runner.train_loop
    if runner.val_loop is None or now < max(loop.val_begin, 1):
        return False
    loop._decide_current_val_interval()  # ``dynamic_intervals``
    end = loop.max_epochs if isinstance(loop, EpochBasedTrainLoop) else loop.max_iters
    return now % loop.val_interval == 0 or now == end


def _keeps_best(runner) -> bool:
    """Returns whether mmengine's ``save_best`` is on: its checkpoints miss the last validation."""
    return any(isinstance(hook, CheckpointHook) and hook.save_best for hook in runner.hooks)


def _numbers(metrics: dict) -> dict:
    """Returns the metrics that are a single number."""
    found = {}
    for key, value in metrics.items():
        try:
            found[key] = float(value)
        except (TypeError, ValueError):
            continue
    return found
