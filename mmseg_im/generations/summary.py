# SPDX-License-Identifier: Apache-2.0
"""Reads the results of a generational run, finished or not, from its files."""

from dataclasses import dataclass, field
from pathlib import Path

from prettytable import PrettyTable

from ..engine.hooks.best_details import Details, read_details
from ..engine.hooks.best_files import score
from ..engine.hooks.validation_record import RECORD, read_record
from ..engine.run_report.logged import read_scalars, series
from ..engine.run_report.run_results import few_images
from ..errors import MissingFileError, UserError
from .state import STATE, read_state


@dataclass
class Generation:
    """Results of one generation.

    Attributes:
        number (int): 0 for the first teachers.
        students (dict[int, dict[str, float]]): Validation metrics of each finished student at its
            best validation.
        curves (dict[int, dict[int, dict]]): Validation metrics by epoch (or iteration).
        labels (dict[str, float]): Metrics of the pseudo-labels that it wrote, without prefix.
        best (int, optional): The best student by validation.
        losses (tuple[list, list]): Iterations of that student, and its losses.
        details (Details, optional): Of its best validation, if they are known.
        test (dict[str, float]): Test metrics of that student, measured at the end of the run.
    """

    number: int
    students: dict[int, dict] = field(default_factory=dict)
    curves: dict[int, dict] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    best: int | None = None
    losses: tuple[list[int], list[float]] = field(default_factory=lambda: ([], []))
    details: Details | None = None
    test: dict[str, float] = field(default_factory=dict)

    @property
    def best_metrics(self) -> dict:
        """dict: Validation metrics of the best student; empty if no student is finished."""
        return {} if self.best is None else self.students[self.best]


@dataclass
class Summary:
    """Results of a run.

    Attributes:
        name (str): Its folder's name.
        metric (str): The validation metric that ranks students.
        options (dict[str, str]): The options in ``generations`` of the config.
        generations (list[Generation]): All that have begun.
    """

    name: str
    metric: str
    options: dict[str, str]
    generations: list[Generation]

    @property
    def best(self) -> Generation | None:
        """Generation: Of the best student by validation; None if no student is finished."""
        trained = [g for g in self.generations if g.best is not None]
        return max(trained, key=self.best_value, default=None)

    def best_value(self, generation: Generation) -> float:
        """Returns the ranking metric of a generation's best student."""
        return score(generation.best_metrics[self.metric])


def read_summary(work_dir: Path) -> Summary:
    """Returns the results of a run, finished or not.

    Raises:
        MissingFileError: If the folder holds no generational run.
    """
    work_dir = Path(work_dir)
    if not (work_dir / STATE).is_file():
        raise MissingFileError(
            f'{work_dir / STATE} does not exist: {work_dir} is not the work_dir of a generational '
            'run.'
        )
    state = read_state(work_dir / STATE)
    prefix = 'generations.'
    options = {
        key.removeprefix(prefix): value
        for key, value in state['config'].items()
        if key.startswith(prefix) and not key.startswith(prefix + 'per_generation')
    }
    metric = str(options.get('metric', 'mIoU'))
    generations: dict[int, Generation] = {}
    for name, result in state['stages'].items():
        where, _, stage = name.partition('/')
        if not where.startswith('generation_'):
            continue
        number = int(where.removeprefix('generation_'))
        generation = generations.setdefault(number, Generation(number))
        if stage.startswith('student_'):
            if metric not in result['val']:
                raise UserError(
                    f'{work_dir / STATE} is damaged (stages.{name}.val has no {metric!r}, which '
                    'ranks the students). Put back a copy of it.'
                )
            i = int(stage.removeprefix('student_'))
            generation.students[i] = result['val']
            record = work_dir / name / RECORD
            if record.is_file():
                curve = read_record(record)
                generation.curves[i] = {int(at): values for at, values in curve.items()}
        elif stage == 'labels':
            generation.labels = {k.removeprefix('pseudo/'): v for k, v in result.items()}
        elif stage == 'test':
            generation.test = result['test']
    for generation in generations.values():
        if generation.students:
            generation.best = min(
                generation.students, key=lambda i: (-score(generation.students[i][metric]), i)
            )
            folder = work_dir / f'generation_{generation.number}/student_{generation.best}'
            generation.losses = series(read_scalars(folder), 'loss')
            generation.details = read_details(folder)
    ordered = [generations[number] for number in sorted(generations)]
    return Summary(work_dir.resolve().name, metric, options, ordered)


def rows(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Returns header and rows of the table of generations as text; unknown cells are empty."""
    shown = [key for key in (summary.metric,) if any(key in g.test for g in summary.generations)]
    header = ['generation', f'students: val {summary.metric}', 'best']
    header += [f'test {key}' for key in shown]
    columns = dict(masked='masked', agreement='agreement', accuracy_outside='right outside',
                   accuracy_inside='right inside')  # fmt: skip
    columns = {
        key: title
        for key, title in columns.items()
        if any(key in g.labels for g in summary.generations)
    }
    header += columns.values()
    table = []
    for g in summary.generations:
        values = [number(g.students[i][summary.metric]) for i in sorted(g.students)]
        row = [str(g.number), ', '.join(values) or 'given']
        row.append('' if g.best is None else number(g.students[g.best][summary.metric]))
        row += [number(g.test[key]) if key in g.test else '' for key in shown]
        row += [f'{g.labels[key]:.1%}' if key in g.labels else '' for key in columns]
        table.append(row)
    return header, table


def classes_found(metrics: dict[str, float]) -> str:
    """Returns ``', finds 3 of 4 classes'`` (IoU above 0); empty if the metrics have no IoU."""
    values = [value for key, value in metrics.items() if key.startswith('IoU/')]
    found = sum(value is not None and value > 0 for value in values)
    return f', finds {found} of {len(values)} classes' if values else ''


def classes_missed(metrics: dict[str, float]) -> list[str]:
    """Returns the names of the classes whose IoU is 0; a class without pixels has none."""
    return [key.removeprefix('IoU/') for key, value in metrics.items()
            if key.startswith('IoU/') and value == 0]  # fmt: skip


def warnings(summary: Summary) -> list[str]:
    """Returns warnings about the results of a run, in sentences."""
    found = []
    for g in summary.generations:
        for i, metrics in sorted(g.students.items()):
            values = [v for key, v in metrics.items() if key.startswith('IoU/')]
            count = sum(v is not None and v > 0 for v in values)
            if count * 2 < len(values):
                found.append(
                    f'Student {i} of generation {g.number} finds {count} of {len(values)} classes: '
                    'it has learned little. Train longer, or look at its curve.'
                )
        missed = ', '.join(classes_missed(g.best_metrics))
        if missed:
            found.append(
                f'The best student of generation {g.number} does not find {missed} (IoU 0). Label '
                'more such images, or set class weights (tools/class_weights.py prints them).'
            )
        outside, inside = (g.labels.get(f'accuracy_{where}') for where in ('outside', 'inside'))
        if outside is not None and inside is not None and inside >= outside:
            found.append(
                f'The labels of generation {g.number} are no more often right outside the mask '
                f'({outside:.1%}) than inside ({inside:.1%}): the disagreement of these teachers '
                'does not tell right from wrong.'
            )
    found += _no_gain(summary)
    return found + few_images(None if summary.best is None else summary.best.details)


def print_summary(summary: Summary) -> str:
    """Returns the table of generations as text, with warnings below it."""
    header, lines = rows(summary)
    table = PrettyTable(header)
    for line in lines:
        table.add_row(line)
    return '\n'.join([str(table), *(f'Warning: {text}' for text in warnings(summary))])


def number(value: float | None) -> str:
    """Returns a metric as text."""
    return 'nan' if value is None else f'{value:.2f}'


def _no_gain(summary: Summary) -> list[str]:
    """Returns a sentence if no later generation is better than the first."""
    done = [g for g in summary.generations if g.best is not None]
    if len(done) < 2 or summary.best is not done[0]:
        return []
    first, later = done[0], max(done[1:], key=summary.best_value)
    return [
        f'No later generation is better than generation {first.number}: {summary.metric} '
        f'{summary.best_value(later):.2f} against {summary.best_value(first):.2f}. The '
        'pseudo-labels do not help here. Train the networks longer if their curves still rise, or '
        'label more images.'
    ]
