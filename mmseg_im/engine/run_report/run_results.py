# SPDX-License-Identifier: Apache-2.0
"""Reads the results of one training, finished, going on or interrupted, from its files."""

from dataclasses import dataclass
from pathlib import Path

from prettytable import PrettyTable

from ...errors import MissingFileError
from ..hooks.best_details import Details, read_details
from ..hooks.best_files import score
from ..hooks.unfound_classes import PREFIX, REMEDY, unfound
from ..hooks.use_warnings import LITTLE, PREDICTED, one_class_text, taught_alone
from ..hooks.validation_record import RECORD, read_choice, read_record
from ..newest_checkpoint import training_checkpoints
from .logged import panels, read_scalars, series

FEW_IMAGES = 10
NOT_KNOWN = 'a metric that is not known'


@dataclass
class RunResults:
    """Results of one training.

    Attributes:
        name (str): Its folder's name.
        metric (str): The validation metric that chooses its checkpoint.
        unit (str): In what validations are counted, ``'epoch'`` or ``'iteration'``.
        validations (dict[int, dict]): Metrics by epoch (or iteration), in order.
        details (Details, optional): Of the best validation, if they are known.
        scalars (list[dict]): What was logged, see :func:`~.logged.read_scalars`.
        panels (dict[int, Path]): Pictures of views, labels and mask by iteration.
    """

    name: str
    metric: str
    unit: str
    validations: dict[int, dict]
    details: Details | None
    scalars: list[dict]
    panels: dict[int, Path]

    @property
    def best_at(self) -> int | None:
        """int: The best validation, the earlier one of equals; None if it is not known."""
        if self.metric == NOT_KNOWN:
            return None
        values = {at: score(metrics.get(self.metric)) for at, metrics in self.validations.items()}
        return max(values, key=lambda at: (values[at], -at), default=None)

    @property
    def best(self) -> dict:
        """dict: Metrics of the best validation; empty before the first."""
        return {} if self.best_at is None else self.validations[self.best_at]

    def networks(self) -> list[str]:
        """Returns prefixes of the networks that were validated: ``''``, ``'teacher0/'`` ..."""
        last = list(self.validations.values())[-1] if self.validations else {}
        ends = [key.removesuffix(self.metric) for key in last if key.endswith(self.metric)]
        return sorted(end for end in ends if not end or (end.count('/') == 1 and end[-1] == '/'))


def read_results(work_dir: Path) -> RunResults:
    """Returns the results of one training, also while it goes on.

    Raises:
        MissingFileError: If the folder holds none.
        UserError: If a file of it is damaged.
    """
    work_dir = Path(work_dir)
    record = work_dir / RECORD
    scalars = read_scalars(work_dir)
    if not record.is_file() and not any('loss' in line for line in scalars):
        raise MissingFileError(
            f'{work_dir} is not the work_dir of a run: it holds neither {RECORD} nor '
            '*/vis_data/scalars.json of a training, nor state.json of a generational run. Give the '
            'folder that train.py wrote (work_dirs/NAME), after the first losses are logged.'
        )
    read = read_record(record) if record.is_file() else {}
    validations = {int(at): read[at] for at in sorted(read, key=int)}
    details = read_details(work_dir)
    if details is not None and details.at not in validations:
        details = None  # the run was resumed from an earlier checkpoint
    named = {key for values in validations.values() for key in values}
    metric = details.metric if details else 'mIoU'
    chosen, counted_in = read_choice(record) if record.is_file() else (None, None)
    metric = chosen or metric
    if named and metric not in named:
        metric = NOT_KNOWN
    unit = details.unit if details else counted_in or _unit(work_dir, scalars)
    name = work_dir.resolve().name
    return RunResults(name, metric, unit, validations, details, scalars, panels(work_dir))


def warnings(results: RunResults) -> list[str]:
    """Returns warnings about the results of a run, in sentences."""
    found = []
    values = {key: float('nan') if v is None else v for key, v in results.best.items()}
    missed = sorted(unfound(values))
    if missed:
        found.append(f'The best network does not find {", ".join(missed)} (IoU 0). {REMEDY}')
    absent = sorted(k.removeprefix(PREFIX) for k, v in results.best.items()
                    if k.startswith(PREFIX) and v is None)  # fmt: skip
    if absent:
        found.append(
            f'No validation image shows {", ".join(absent)}, so nothing is known about it. Put an '
            'image that does into the validation list.'
        )
    used = series(results.scalars, 'im/epoch/used')[1]
    if used and used[-1] < LITTLE:
        found.append(
            f'Only {used[-1]:.1%} of the unlabeled pixels carried a loss at the end: the '
            'teachers agree nowhere, or their confidence does not reach model.semi.threshold. '
            'Train longer or with a larger learning rate, or lower the threshold.'
        )
    last = {key: value for line in results.scalars for key, value in line.items()}
    predicted = {k.removeprefix(PREDICTED): v for k, v in last.items() if k.startswith(PREDICTED)}
    if used and (alone := taught_alone(used[-1], predicted)):
        found.append(one_class_text(used[-1], alone, 'at the end'))
    return found + few_images(results.details)


def few_images(details: Details | None) -> list[str]:
    """Returns a sentence if what is known of a validation rests on few images, else nothing."""
    if details is None or details.images >= FEW_IMAGES:
        return []
    count = details.images
    images = 'one validation image' if count == 1 else f'{count} validation images'
    return [
        f'All figures rest on {images}: one image more or less can move them by points, and which '
        f'{details.unit} is the best is partly chance. Put more annotated images into the '
        'validation list.'
    ]


def print_results(results: RunResults) -> str:
    """Returns a table of the validations as text, with warnings below it."""
    networks = results.networks()
    table = PrettyTable([results.unit, *(f'val {prefix}{results.metric}' for prefix in networks)])
    for at, metrics in results.validations.items():
        mark = ' (best)' if at == results.best_at else ''
        values = [metrics.get(prefix + results.metric) for prefix in networks]
        table.add_row([f'{at}{mark}', *('nan' if v is None else f'{v:.2f}' for v in values)])
    head = str(table) if results.validations else 'There was no validation yet.'
    return '\n'.join([head, *(f'Warning: {text}' for text in warnings(results))])


def _unit(work_dir: Path, scalars: list[dict]) -> str:
    names = [path.name for path in training_checkpoints(work_dir)]
    if not names and any(
        'loss' in line for line in scalars
    ):  # mmengine logs epochs if it counts them
        return 'epoch' if any('epoch' in line for line in scalars) else 'iteration'
    return 'iteration' if names and all(name.startswith('iter_') for name in names) else 'epoch'
