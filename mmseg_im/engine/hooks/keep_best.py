# SPDX-License-Identifier: Apache-2.0
"""Keeps the checkpoint of the best validation, also in a run that is stopped and resumed."""

import io
import logging
import os
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ...checkpoints.not_finite import not_finite
from ...errors import UserError
from ...files.atomic import write_aside
from ..newest_checkpoint import STATE, read_whole, training_checkpoints
from ..runner_parts import method_of, student_of
from .validation_record import RECORD, REMEDY, ValidationRecordHook, position, read_record

BEST = 'best.pth'
AT = 'validation'
"""str: Key in the ``meta`` of ``best.pth``: at which epoch (or iteration) it was validated."""

UNKNOWN = 'unknown'


@HOOKS.register_module()
class KeepBestHook(ValidationRecordHook):
    """Keeps the weights of the best validation in ``best.pth``, without the optimiser.

    mmengine's ``save_best`` forgets a validation when the run is stopped before it, and it
    removes the old best file before it writes the new one. The files of this hook are whole at
    any time, and a run that was stopped ends with the same ones as one that was not.

    A network that a method trains beside the student has a file of its own, ``best_NAME.pth``, by
    ``NAME/METRIC``: its weights alone, for a stock config.

    Args:
        metric (str): Which validation metric decides; larger is better. Equal values: the earlier.
    """

    def __init__(self, metric: str):
        super().__init__()
        self.metric = metric
        self.kept: str | None = None  # key in the record of what best.pth holds

    def read(self, now: int) -> dict[str, dict]:
        """Reads the record and makes ``best.pth`` agree with it; runs in the main process."""
        record = super().read(now)
        at = kept_at(self.folder)
        self.kept = at if at in record else None
        if at == str(now) and self.kept is None:
            return record  # stopped between its two files: this validation is repeated
        for key in sorted(record, key=lambda k: (-score(record[k].get(self.metric)), int(k))):
            if at in (key, UNKNOWN):
                self.kept = key
            elif key == str(now):
                del record[key]  # so that it is repeated, and kept then
            elif self._restore(key):
                self.kept = key
            else:
                print_log(
                    f'{BEST} does not hold the weights of the validation at {key}, the best by '
                    f'{self.metric}, and no checkpoint of then is left: the next best is kept.',
                    'current',
                    logging.WARNING,
                )
                continue
            break
        return record

    def _restore(self, key: str) -> bool:
        """Writes ``best.pth`` from the checkpoint of a validation; False if none is whole."""
        for path in training_checkpoints(self.folder):
            if path.stem.split('_')[1] != key:
                continue
            try:
                content = {name: read_whole(path)[name] for name in STATE}
            except UserError:
                continue
            content['meta'][AT] = int(key)
            buffer = io.BytesIO()
            torch.save(content, buffer)
            write_aside(self.folder / BEST, buffer.getvalue())
            print_log(f'{BEST} is restored from {path.name}.', 'current')
            return True
        return False

    def after_val_epoch(self, runner, metrics: dict) -> None:
        """Keeps the weights if the validation is the best so far, then records it.

        Raises:
            UserError: If there is no metric of that name.
        """
        if self.record is None:
            return
        if self.metric not in metrics:
            raise UserError(
                f'The validation has no metric {self.metric!r}; it has {", ".join(metrics)}. '
                'Correct default_hooks.best.metric (of a generational run: generations.metric).'
            )
        if (name := not_finite(student_of(runner))) is not None:
            print_log(
                f'{name} holds NaN or inf: these weights are not kept as the best.',
                'current',
                logging.WARNING,
            )
            return
        if is_main_process():
            best = None if self.kept is None else score(self.record[self.kept].get(self.metric))
            if best is None or score(metrics[self.metric]) > best:
                self._keep(runner, metrics)
            self._keep_networks(runner, metrics)
        super().after_val_epoch(runner, metrics)

    def _keep(self, runner, metrics: dict) -> None:
        now, aside = position(runner), f'.{BEST}.tmp'
        runner.save_checkpoint(
            str(self.folder),
            aside,
            save_optimizer=False,
            save_param_scheduler=False,
            meta={'epoch': runner.epoch, 'iter': runner.iter, AT: now},
        )
        os.replace(self.folder / aside, self.folder / BEST)
        self.kept = str(now)
        value = f'{metrics[self.metric]:.2f}'
        print_log(f'{self.folder / BEST} holds the best so far: {self.metric} {value}.', 'current')

    def _keep_networks(self, runner, metrics: dict) -> None:
        """Writes ``best_NAME.pth`` of the networks beside the student whose validation is the best.

        The file is written before the validation is recorded: whenever the run is stopped, the best
        of the record is in it.
        """
        method = method_of(runner)
        for name in () if method is None else method.network_names:
            network, metric = getattr(method, name), f'{name}/{self.metric}'
            before = [score(record.get(metric)) for record in (self.record or {}).values()]
            if score(metrics.get(metric)) <= max(before, default=float('-inf')):
                continue
            meta = dict(epoch=runner.epoch, iter=runner.iter, weights=name)
            meta['dataset_meta'] = getattr(runner.train_dataloader.dataset, 'metainfo', None)
            buffer = io.BytesIO()
            torch.save(dict(state_dict=network.state_dict(), meta=meta), buffer)
            write_aside(self.folder / f'best_{name}.pth', buffer.getvalue())


def kept_at(folder: Path) -> str | None:
    """Returns the epoch (or iteration) at which the network in ``best.pth`` was validated.

    Returns:
        str: The key in the record; ``UNKNOWN`` if the file does not say it; None if there is no
        whole file.
    """
    if not (folder / BEST).is_file():
        return None
    try:
        return str(read_whole(folder / BEST)['meta'].get(AT, UNKNOWN))
    except UserError as error:
        print_log(str(error), 'current', logging.WARNING)
        return None


def score(value: float | None) -> float:
    """Returns a metric for comparison: NaN, or None in its place, is worse than any number."""
    return float('-inf') if value is None or value != value else float(value)


def best_validation(folder: Path, metric: str) -> tuple[int, dict[str, float | None]]:
    """Returns the validation of the network in ``best.pth`` of a finished run.

    Returns:
        tuple[int, dict]: Epoch (or iteration) of the validation, and its metrics.

    Raises:
        UserError: If no validation, or none with this metric, is recorded.
    """
    validations = read_record(folder / RECORD)
    for at, values in validations.items():
        if metric not in values:
            raise UserError(
                f'{folder / RECORD}: the validation at {at} has no metric {metric!r}; it has '
                f'{", ".join(values)}. Correct generations.metric.'
            )
    if not validations:
        raise UserError(f'{folder / RECORD} holds no validation. {REMEDY}')
    key = kept_at(folder)
    if key not in validations:
        key = max(validations, key=lambda k: (score(validations[k][metric]), -int(k)))
    return int(key), validations[key]
