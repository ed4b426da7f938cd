# SPDX-License-Identifier: Apache-2.0
"""The tables of a study in Markdown."""

import os
import statistics
from collections.abc import Iterable, Sequence

from im_study.results import MASK_KEYS, metrics, read_results
from mmengine import Config

NOTHING = ''
MEAN = 'mean ± std'
WITH_IM = ' + IM'
DIFFERENCE = '*difference, points*'
NO_RUN = 'No run is finished.'
LEGEND = {
    'seed N, mean ± std': 'test metric of the checkpoint that was best on validation, for each '
    'seed, with the mean over the seeds and their standard deviation (n - 1); of a run in '
    'generations, of the best student by validation of the last one',
    'last checkpoint': 'the same of the last checkpoint, whatever validation said',
    'EMA teacher': 'that of the EMA teacher of the last checkpoint, whatever validation said',
    'lowest class': 'test IoU of the class that is found worst by the checkpoint that was best on '
    'validation',
    'masked': 'share of the unlabeled pixels that the mask takes out. It, `used`, `right outside` '
    'and `right inside` are means over the first → over the last fifth of the training; of a run '
    'in generations, of the labels that the first → the last generation wrote (one value: of one '
    'labeling, or one part was logged)',
    'used': 'share of the unlabeled pixels whose pseudo-label can carry a loss (U2PL then drops '
    'the least certain of them: a fifth at first, none at the end)',
    'right outside, right inside': 'share of the pixels outside and inside the mask whose label '
    'is right (without a mask, all are outside)',
    'networks': 'networks that a run trains, without those it begins with; left out if all '
    'train one',
    'minutes': 'of training and testing, mean over the seeds',
}


def study_table(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> str:
    """Markdown tables, one under a heading for each group, see :data:`LEGEND`.

    Rows and groups without a finished run are left out, and so are columns in which all cells are
    empty, and the networks if every run trains one.

    Args:
        study (Config): ``rows`` and ``metric``.
        work_dir (str or PathLike): Where the runs lie.
        seeds (Sequence[int]): Columns.
    """
    results = finished(study, work_dir, seeds)
    parts = []
    for group in dict.fromkeys(group for group, _ in results):
        rows = {name: runs for (of, name), runs in results.items() if of == group}
        parts += [f'### {group}'] if group else []
        parts.append(_group_table(rows, study.metric, seeds))
    return '\n\n'.join(parts) or NO_RUN


def _group_table(rows: dict[str, dict[int, dict]], metric: str, seeds: Sequence[int]) -> str:
    head = ['', *(f'seed {seed}' for seed in seeds), MEAN, 'last checkpoint', 'EMA teacher',
            'lowest class', 'masked', 'used', 'right outside', 'right inside', 'networks',
            'minutes']  # fmt: skip
    several = any(r['networks'] > 1 for runs in rows.values() for r in runs.values())
    cells = []
    for name, runs in rows.items():
        values = list(runs.values())
        networks = sum(r['networks'] for r in values) // len(values)
        cells.append([
            name,
            *(number(runs[seed]['best'][metric]) if seed in runs else NOTHING for seed in seeds),
            spread([r['best'][metric] for r in values]),
            spread([r['last'][metric] for r in values]),
            spread([r['teacher'][metric] for r in values if 'teacher' in r]),
            spread([lowest for r in values if (lowest := _lowest_class(r['best'])) is not None]),
            *(course([_of_mask(r['mask'], key) for r in values]) for key in MASK_KEYS),
            str(networks) if several else NOTHING,
            f'{statistics.mean(r["seconds"] for r in values) / 60:.1f}',
        ])  # fmt: skip
    columns = [
        (title, column)
        for title, *column in zip(head, *cells, strict=True)
        if title == '' or any(column)
    ]
    return markdown([title for title, _ in columns], zip(*(c for _, c in columns), strict=True))


def compact_table(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]) -> str:
    """A Markdown table, names by groups: test metric of the best checkpoint by validation.

    Rows and groups without a finished run are left out. Under ``name + IM`` follows its difference
    to ``name``, paired by seed, in points. A mean of fewer runs than there are seeds says so.
    """

    def cell(values: Sequence[float | None], form: str = '.2f') -> str:
        return spread(values, form) + how_many(values, len(seeds))

    results = finished(study, work_dir, seeds)
    groups = list(dict.fromkeys(group for group, _ in results))
    names = list(dict.fromkeys(name for _, name in results))
    lines = []
    for name in names:
        runs = [results.get((group, name), {}) for group in groups]
        lines.append([name, *(cell(list(metrics(r, study.metric).values())) for r in runs)])
        plain = name.removesuffix(WITH_IM)
        if plain != name and plain in names:
            before = [results.get((group, plain), {}) for group in groups]
            gains = [
                paired(metrics(a, study.metric), metrics(b, study.metric))
                for a, b in zip(before, runs, strict=True)
            ]
            lines.append([DIFFERENCE, *(cell(gain, '+.2f') for gain in gains)])
    return markdown(['', *(group or study.metric for group in groups)], lines) if lines else NO_RUN


def finished(
    study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]
) -> dict[tuple[str | None, str], dict[int, dict]]:
    """:func:`~im_study.results.read_results` without the rows that have none."""
    return {key: runs for key, runs in read_results(study, work_dir, seeds).items() if runs}


def how_many(values: Sequence[float | None], wanted: int) -> str:
    """``' (2 of 3)'`` where not all values are there; nothing where all or none are."""
    count = sum(value is not None for value in values)
    return f' ({count} of {wanted})' if 0 < count < wanted else ''


def paired(before: dict[int, float | None], after: dict[int, float | None]) -> list[float]:
    """What was gained with each seed for which both values are known."""
    return [
        after[seed] - value
        for seed, value in before.items()
        if value is not None and after.get(seed) is not None
    ]


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in (head, ['---'] * len(head), *lines))


def number(value: float | None, form: str = '.2f') -> str:
    """A metric in percent or a difference in points; NaN (None) as such."""
    return 'nan' if value is None else f'{value:{form}}'


def spread(values: Sequence[float | None], form: str = '.2f') -> str:
    """``'38.22 ± 0.41'``; no deviation of a single value, nothing of none; NaN is left out."""
    known = [value for value in values if value is not None]
    if not known:
        return number(None) if values else NOTHING
    if len(known) == 1:
        return number(known[0], form)
    return f'{number(statistics.mean(known), form)} ± {number(statistics.stdev(known))}'


def _lowest_class(metrics: dict[str, float | None]) -> float | None:
    """The lowest IoU of a class; None where no class has one."""
    known = [v for key, v in metrics.items() if key.startswith('IoU/') and v is not None]
    return min(known, default=None)


def _of_mask(found: dict, key: str) -> list[float | None] | None:
    """What a run logged; a run that never masked a pixel has no mask."""
    values = found.get(key)
    return values if values is None or key != MASK_KEYS[0] or any(values) else None


def course(lists: Sequence[list[float | None] | None]) -> str:
    """``'34.9% → 6.7%'``: the first and the last part of the training, means over the seeds.

    One value if there is one part; nothing where there was none.
    """
    known = [values for values in lists if values and any(v is not None for v in values)]
    first = [values[0] for values in known if len(values) > 1 and values[0] is not None]
    last = [values[-1] for values in known if values[-1] is not None]
    if not last:
        return NOTHING
    begin = f'{statistics.mean(first):.1%} → ' if first else ''
    return f'{begin}{statistics.mean(last):.1%}'
