# SPDX-License-Identifier: Apache-2.0
"""The files of the best networks of a run: their names, and what the validations say of them."""

import logging
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log

from ...checkpoints.comparing import METHOD_PREFIX
from ...errors import UserError
from ...methods.base import SSLMethod
from ...teachers.ema import EMATeacher
from ..newest_checkpoint import STATE, read_whole
from .validation_record import RECORD, REMEDY, read_record

BEST = 'best.pth'
AT = 'validation'
"""str: Key in the ``meta`` of a best file: at which epoch (or iteration) it was validated."""

METRIC = 'best_metric'
"""str: Key in the ``meta`` of ``best.pth``: by which metric it is the best."""

UNKNOWN = 'unknown'
STUDENT = ''


def validations_since_best(record: dict[str, dict], metrics: Sequence[str]) -> int:
    """Returns how many validations came after the last one that was the best by a metric."""

    def best(metric: str) -> int:
        return int(max(record, key=lambda key: (score(record[key].get(metric)), -int(key))))

    measured = [m for m in metrics if any(m in values for values in record.values())]
    bests = [best(metric) for metric in measured]
    return sum(int(key) > max(bests) for key in record) if bests else 0


def weights_beside(method: SSLMethod | None) -> dict[str, str]:
    """Returns the networks of a method that have a best file, and the prefixes of their weights."""
    if method is None:
        return {}
    teachers = {
        f'teacher{i}': f'{METHOD_PREFIX}teachers.{i}.module.'
        for i, teacher in enumerate(method.teachers)
        if isinstance(teacher, EMATeacher)
    }
    return {**teachers, **{name: f'{METHOD_PREFIX}{name}.' for name in method.network_names}}


def best_file(folder: Path, name: str = STUDENT) -> Path:
    """Returns the best file of a network; ``''``: of the student."""
    return folder / (BEST if name == STUDENT else f'best_{name}.pth')


def metric_of(name: str, metric: str) -> str:
    """Returns the name under which the metric of a network is recorded."""
    return metric if name == STUDENT else f'{name}/{metric}'


def kept_at(folder: Path, name: str = STUDENT) -> str | None:
    """Returns the epoch (or iteration) at which the network in a best file was validated.

    Returns:
        str: The key in the record; ``UNKNOWN`` if the file does not say it; None if there is no
        whole file.
    """
    path = best_file(folder, name)
    if not path.is_file():
        return None
    try:
        entries = STATE if name == STUDENT else ('state_dict', 'meta')
        return str(read_whole(path, entries)['meta'].get(AT, UNKNOWN))
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
