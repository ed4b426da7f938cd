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
from .best_details import write_details
from .best_files import (
    AT,
    BEST,
    METRIC,
    STUDENT,
    UNKNOWN,
    best_file,
    kept_at,
    metric_of,
    score,
    validations_since_best,
    weights_beside,
)
from .validation_record import ValidationRecordHook, position, unit_of


@HOOKS.register_module()
class KeepBestHook(ValidationRecordHook):
    """Keeps the weights of the best validation in ``best.pth``, without the optimiser.

    mmengine's ``save_best`` forgets a validation when the run is stopped before it, and it
    removes the old best file before it writes the new one. The files of this hook are whole at
    any time, and a run that was stopped ends with the same ones as one that was not.

    An EMA teacher and a network that a method trains beside the student have files of their own,
    ``best_teacher0.pth`` or ``best_NAME.pth``, by ``teacher0/METRIC`` or ``NAME/METRIC``: the
    weights alone, for a stock config. ``best_validation.json`` has what a report shows of the
    student's best validation: confusion matrix and worst images.

    Args:
        metric (str): Which validation metric decides; larger is better. Equal values: the earlier.
        patience (int): Training ends after so many validations in which none of these files became
            better; 0: never. mmengine's ``EarlyStoppingHook`` counts anew when a run is resumed.
    """

    def __init__(self, metric: str, patience: int = 0):
        super().__init__()
        if not isinstance(patience, int) or patience < 0:
            raise UserError(
                f'KeepBestHook.patience={patience!r} must be a number of validations, 0 for never.'
            )
        self.metric = metric
        self.patience = patience
        self.kept: dict[str, str] = {}  # network to the key in the record of what its file holds
        self.prefixes: dict[str, str] = {}  # network beside the student to that of its weights

    def before_train(self, runner) -> None:
        """Makes record and files agree with the checkpoint, and repeats a missing validation."""
        self.prefixes = weights_beside(method_of(runner))
        super().before_train(runner)
        self._stop_early(runner)

    def read(self, now: int) -> dict[str, dict]:
        """Reads the record and makes the files agree with it; runs in the main process."""
        record = super().read(now)
        for name in (STUDENT, *self.prefixes):
            self._agree(name, record, now)
        return record

    def _agree(self, name: str, record: dict[str, dict], now: int) -> None:
        path, metric = best_file(self.folder, name), metric_of(name, self.metric)
        if name != STUDENT and not any(metric in values for values in record.values()):
            return
        at = kept_at(self.folder, name)
        if at == str(now) and at not in record:
            return  # stopped between its two files: this validation is repeated
        for key in sorted(record, key=lambda k: (-score(record[k].get(metric)), int(k))):
            if at in (key, UNKNOWN):
                self.kept[name] = key
            elif key == str(now):
                del record[key]  # so that it is repeated, and kept then
            elif self._restore(name, key):
                self.kept[name] = key
            else:
                print_log(
                    f'{path.name} does not hold the weights of the validation at {key}, the best '
                    f'by {metric}, and no checkpoint of then is left: the next best is kept.',
                    'current',
                    logging.WARNING,
                )
                continue
            break

    def _restore(self, name: str, key: str) -> bool:
        """Writes the file of a network from the checkpoint of a validation; False without one."""
        for path in training_checkpoints(self.folder):
            if path.stem.split('_')[1] != key:
                continue
            try:
                content = {entry: read_whole(path)[entry] for entry in STATE}
            except UserError:
                continue
            if name == STUDENT:
                content['meta'] |= {AT: int(key), METRIC: self.metric}
                _write(best_file(self.folder, name), content)
            else:
                prefix = self.prefixes[name]
                weights = content['state_dict'].items()
                alone = {k.removeprefix(prefix): v for k, v in weights if k.startswith(prefix)}
                self._write_alone(name, alone, content['meta'], int(key))
            print_log(
                f'{best_file(self.folder, name).name} is restored from {path.name}.', 'current'
            )
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
            for network in (STUDENT, *self.prefixes):
                self._keep_if_best(runner, network, metrics)
        super().after_val_epoch(runner, metrics)
        self._stop_early(runner)

    def _keep_if_best(self, runner, name: str, metrics: dict) -> None:
        """Writes the file of a network if the validation is its best so far.

        It is written before the validation is recorded: whenever the run is stopped, the best of
        the record is in it.
        """
        now, metric = position(runner), metric_of(name, self.metric)
        before = (self.record or {}).get(self.kept.get(name, ''))
        worse = before is not None and score(metrics.get(metric)) <= score(before.get(metric))
        if worse or metric not in metrics:  # a loop may validate the student alone
            return
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        if name == STUDENT:
            aside, meta = f'.{BEST}.tmp', {**meta, AT: now, METRIC: self.metric}
            runner.save_checkpoint(
                str(self.folder), aside, save_optimizer=False, save_param_scheduler=False, meta=meta
            )
            os.replace(self.folder / aside, self.folder / BEST)
            write_details(runner, now, unit_of(runner), metric)
            text = f'{self.folder / BEST} holds the best so far: {metric} {metrics[metric]:.2f}.'
            print_log(text, 'current')
        else:
            network = student_of(runner).get_submodule(self.prefixes[name].rstrip('.'))
            meta['dataset_meta'] = getattr(runner.train_dataloader.dataset, 'metainfo', None)
            self._write_alone(name, network.state_dict(), meta, now)
        self.kept[name] = str(now)

    def _write_alone(self, name: str, weights: dict, meta: dict, at: int) -> None:
        kept = {key: meta.get(key) for key in ('epoch', 'iter', 'dataset_meta')}
        content = dict(state_dict=weights, meta={**kept, 'weights': name, AT: at})
        _write(best_file(self.folder, name), content)

    def _stop_early(self, runner) -> None:
        """Ends the training loop if no network became better for ``patience`` validations.

        Those count that are made after unlabeled images begin to teach.
        """
        metrics = [metric_of(name, self.metric) for name in (STUDENT, *self.prefixes)]
        alone = getattr(student_of(runner), 'sup_only_iters', 0)
        length = runner.iter / max(position(runner), 1)  # of an epoch, in iterations
        record = self.record or {}
        later = {at: values for at, values in record.items() if int(at) * length > alone}
        since = validations_since_best(later, metrics)
        if 0 < self.patience <= since:
            runner.train_loop.stop_training = True
            print_log(
                f'Training ends at {position(runner)}: the last {since} validations were no better '
                f'by {self.metric} (default_hooks.best.patience={self.patience}).',
                'current',
            )


def _write(path: Path, content: dict) -> None:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_aside(path, buffer.getvalue())
