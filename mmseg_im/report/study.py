# SPDX-License-Identifier: Apache-2.0
"""The table of a study, from the results of its runs."""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from mmengine import Config

from ..files import read_json

RESULT = 'result.json'
MASK_KEYS = ('im/masked', 'im/used', 'im/accuracy_outside', 'im/accuracy_inside')
NOTHING = ''


def folder_of(work_dir: str | os.PathLike, name: str, seed: int, group: str | None = None) -> Path:
    """Where a run of a study lies."""
    words = [word for word in (group, name) if word]
    parts = [w.lower().replace(' ', '-').replace('+', 'plus').replace('/', '_') for w in words]
    return Path(work_dir, *parts) / f'seed_{seed}'


def read_results(study: Config, work_dir: Path, seeds: Sequence[int]) -> dict[str, dict[int, dict]]:
    """Results by row and seed; what is not finished is absent."""
    return {
        row.name: {
            seed: read_json(path)
            for seed in seeds
            if (path := folder_of(work_dir, row.name, seed) / RESULT).is_file()
        }
        for row in study.rows
    }


def study_table(study: Config, work_dir: Path, seeds: Sequence[int]) -> str:
    """A Markdown table: test metric of the best checkpoint by validation, seed by seed and with
    mean and standard deviation (n - 1), of the last checkpoint, and what the mask did.

    Args:
        study (Config): ``rows`` and ``metric``.
        work_dir (Path): Where the runs lie.
        seeds (Sequence[int]): Columns.
    """
    metric = study.metric
    head = ['', *(f'seed {seed}' for seed in seeds), 'mean ± std', 'last checkpoint', 'masked',
            'used', 'right outside', 'right inside', 'networks', 'minutes']  # fmt: skip
    lines = [head, ['---'] * len(head)]
    for name, results in read_results(study, work_dir, seeds).items():
        values = list(results.values())
        lines.append([
            name,
            *(number(results[seed]['best'][metric]) if seed in results else '' for seed in seeds),
            spread([r['best'][metric] for r in values]),
            spread([r['last'][metric] for r in values]),
            *(course([r['mask'].get(key) for r in values]) for key in MASK_KEYS),
            str(sum(r['networks'] for r in values) // len(values)) if values else '',
            f'{statistics.mean(r["seconds"] for r in values) / 60:.1f}' if values else '',
        ])  # fmt: skip
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def number(value: float | None) -> str:
    """A metric in percent; NaN as such."""
    return 'nan' if value is None else f'{value:.2f}'


def spread(values: Sequence[float | None]) -> str:
    """``'38.22 ± 0.41'``; no deviation of a single value, nothing of none."""
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    if len(known) == 1:
        return number(known[0])
    return f'{number(statistics.mean(known))} ± {number(statistics.stdev(known))}'


def course(lists: Sequence[list[float | None] | None]) -> str:
    """``'34.9% → 6.7%'``: the first and the last part of the training, means over the seeds.

    Nothing where there never was anything, such as a mask.
    """
    known = [values for values in lists if values and any(values)]
    first = [values[0] for values in known if values[0] is not None]
    last = [values[-1] for values in known if values[-1] is not None]
    if not last:
        return NOTHING
    begin = f'{statistics.mean(first):.1%} → ' if first else ''
    return f'{begin}{statistics.mean(last):.1%}'
