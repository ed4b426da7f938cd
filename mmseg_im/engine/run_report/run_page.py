# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML page about one training."""

import html
from pathlib import Path

from ...datasets.image_files import decode
from ...errors import UserError
from ...files.atomic import write_aside
from ...files.image_size import check_size
from ...report.class_bars import class_bars
from ...report.html_page import figure, html_page, jpeg
from ...report.line_plot import Line, line_plot
from ..hooks.best_files import score
from ..hooks.unfound_classes import PREFIX
from .logged import loss_keys, series
from .page_parts import CSS, REPORT, cells, confusion_part, warning_lines, worst_part
from .run_results import RunResults, read_results, warnings

PANELS = 4
PANEL_WIDTH = 1600  # pixels: it has seven tiles
SHARES = (
    ('masked', 'masked', '0.45'),
    ('used', 'used: carries a loss', 'tab:blue'),
    ('accuracy_outside', 'right outside the mask', 'tab:green'),
    ('accuracy_inside', 'right inside the mask', 'tab:red'),
)
PANEL_CSS = """
.panel { overflow-x: auto; } .panel img { width: 1048px; }
"""


def write_run_report(work_dir: Path) -> Path:
    """Writes ``report.html`` into the folder of a training, finished or not.

    Args:
        work_dir (Path): Of the run.

    Returns:
        Path: The page.

    Raises:
        MissingFileError: If the folder holds no training.
        UserError: If a file of it is damaged.
    """
    work_dir = Path(work_dir)
    results = read_results(work_dir)
    best = f'{results.unit} {results.details.at}' if results.details else ''
    parts = [
        _head(results),
        cells(_plots(results)),
        confusion_part(results.details, best),
        worst_part(results.details, best),
        _panels(results),
    ]
    page = html_page(f'{results.name}: training', ''.join(parts), CSS + PANEL_CSS)
    write_aside(work_dir / REPORT, page.encode())
    return work_dir / REPORT


def _head(results: RunResults) -> str:
    steps = [int(line['step']) for line in results.scalars if 'loss' in line]
    done = f'Logged up to iteration {max(steps)}' if steps else 'Nothing is logged yet'
    if not results.validations:
        found = 'There was no validation yet.'
    elif results.best_at is None:
        found = 'Which validation is the best is not known: the run does not say by which metric.'
    else:
        value = results.best.get(results.metric)
        value = float('nan') if value is None else value
        found = (
            f'Best validation: <b>{html.escape(results.metric)} {value:.2f}</b> at {results.unit} '
            f'{results.best_at}.'
        )
        done += f', validated up to {results.unit} {max(results.validations)}'
    images = '' if results.details is None else f' on {results.details.images} images'
    return (
        f'<h1>{html.escape(results.name)}</h1><p>{found}</p><p class="quiet">{done}{images}.</p>'
        f'{warning_lines(warnings(results))}'
    )


def _plots(results: RunResults) -> list[tuple[str, str | None]]:
    lines = [
        Line(prefix.rstrip('/') or 'student', *points)
        for prefix in results.networks()
        if (points := _validated(results, prefix + results.metric))[0]
    ]
    if len(lines) == 1:
        lines[0].label = None
    curve = line_plot(lines, results.unit, f'validation {results.metric}') if lines else None
    values = {k.removeprefix(PREFIX): v for k, v in results.best.items() if k.startswith(PREFIX)}
    bars = class_bars([('', values)], 'IoU on the validation images, %', ['tab:blue'])\
        if values else None  # fmt: skip
    return [
        ('Validation', curve),
        (f'Classes, {results.unit} {results.best_at}', bars),
        ('Unlabeled pixels', _shares(results)),
        ('Losses', _losses(results)),
    ]


def _validated(results: RunResults, key: str) -> tuple[list[int], list[float]]:
    known = {at: metrics[key] for at, metrics in results.validations.items() if key in metrics}
    return list(known), [score(value) for value in known.values()]


def _losses(results: RunResults) -> str | None:
    keys = loss_keys(results.scalars)
    lines = [Line(key, *series(results.scalars, key)) for key in keys]
    for line, style in zip(lines, ['-', *['--'] * len(lines)], strict=False):
        line.style = style
    return line_plot(lines, 'iteration', 'loss') if lines else None


def _shares(results: RunResults) -> str | None:
    lines = []
    for key, title, colour in SHARES:
        steps, values = series(results.scalars, f'im/{key}')
        if steps:
            lines.append(Line(title, steps, [100 * value for value in values], colour))
    return line_plot(lines, 'iteration', '% of the pixels', (0, 100)) if lines else None


def _panels(results: RunResults) -> str:
    steps = list(results.panels)
    last = len(steps) - 1
    chosen = sorted({steps[round(i * last / (PANELS - 1))] for i in range(PANELS)}) if steps else []
    drawn = ''
    for step in chosen:
        path = results.panels[step]
        try:
            check_size(path, str(path))
            picture = jpeg(decode(str(path))[..., ::-1], PANEL_WIDTH)
        except UserError as error:
            drawn += warning_lines([str(error)])
            continue
        drawn += f'<h3>iteration {step}</h3><div class="panel">{figure(picture, "")}</div>'
    if not drawn:
        return ''
    return (
        '<h2>Views, pseudo-label, mask and prediction over time</h2><p class="quiet">Two unlabeled '
        'images of a step in each panel. Hatched: the teachers disagree.</p>' + drawn
    )
