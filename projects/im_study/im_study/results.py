# SPDX-License-Identifier: Apache-2.0
"""Results of the runs of a study: a small file for each, or all as lines of one file."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from mmengine import Config

from mmseg_im.errors import UserError
from mmseg_im.files.atomic import read_json, write_aside
from mmseg_im.files.json_shape import shape_error

RESULT = 'result.json'
MASK_KEYS = ('im/masked', 'im/used', 'im/accuracy_outside', 'im/accuracy_inside')
_METRICS = {str: (float, None)}
RESULT_SHAPE = {
    'best': _METRICS,
    'last': _METRICS,
    'teacher?': _METRICS,
    'seconds': float,
    'networks': int,
    'mask': {str: [(float, None)]},
}
LINE_SHAPE = dict(RESULT_SHAPE, row=str, group=(str, None), seed=int)


def folder_of(work_dir: str | os.PathLike, name: str, seed: int, group: str | None = None) -> Path:
    """Where a run of a study lies."""
    words = [word.lower().replace('+', 'plus') for word in (group, name) if word]
    parts = [re.sub(r'[^\w-]', '_', re.sub(r'[, ]+', '-', word)) for word in words]
    return Path(work_dir, *parts) / f'seed_{seed}'


def read_results(
    study: Config, work_dir: str | os.PathLike, seeds: Sequence[int]
) -> dict[tuple[str | None, str], dict[int, dict]]:
    """Results by (group, name) and seed, in the order of the rows; the unfinished is absent.

    Args:
        study (Config): ``rows`` and ``metric``.
        work_dir (str or PathLike): The folder in which the runs lie, or the file of collected
            results; also of a folder ``NAME``, the file ``NAME.jsonl`` beside it is read, for
            what is not in the folder.
        seeds (Sequence[int]): Which seeds.

    Raises:
        UserError: If a result is damaged or lacks the metric.
    """
    file = Path(work_dir) if Path(work_dir).is_file() else Path(f'{work_dir}.jsonl')
    collected = read_collected(file, study.metric)
    results = {}
    for row in study.rows:
        name, group = row['name'], row.get('group')
        runs = results[group, name] = {}
        for seed in seeds:
            path = folder_of(work_dir, name, seed, group) / RESULT
            if path.is_file():
                runs[seed] = read_result(path, study.metric)
            elif (group, name, seed) in collected:
                runs[seed] = collected[group, name, seed]
    return results


def read_result(path: Path, metric: str) -> dict:
    """Reads the result of a run.

    Raises:
        UserError: If it is damaged or lacks the metric.
    """
    remedy = f'Put back a copy of it, or delete {path.parent}: the next run makes it again.'
    result = read_json(path, RESULT_SHAPE, remedy)
    _check_result(result, str(path), metric, remedy)
    return result


def read_collected(path: Path, metric: str | None = None) -> dict[tuple, dict]:
    """Reads collected results: JSON lines of ``row``, ``group`` and ``seed`` with the result.

    Args:
        path (Path): The file; without it, there are none.
        metric (str, optional): What each result must have.

    Returns:
        dict: Results by (group, row, seed), in the order of the file.

    Raises:
        UserError: If a line is damaged, repeats another or lacks the metric.
    """
    if not path.is_file():
        return {}
    results = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        place, remedy = f'{path}, line {number},', 'Put back a copy of it, or delete the line.'
        try:
            result = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f'{place} is damaged ({error}). {remedy}') from error
        problem = shape_error(result, LINE_SHAPE)
        if problem:
            raise UserError(f'{place} is damaged ({problem}). {remedy}')
        key = result.pop('group'), result.pop('row'), result.pop('seed')
        if key in results:
            raise UserError(f'{place} repeats row, group and seed of another. {remedy}')
        if metric is not None:
            _check_result(result, place, metric, remedy)
        results[key] = result
    return results


def collect(study: Config, work_dir: str | os.PathLike, seeds: Sequence[int], out: Path) -> int:
    """Writes the results of a study into a file, see :func:`read_collected`.

    Lines of the file whose runs are not in ``work_dir``, or of other studies, stay.

    Args:
        study (Config): ``rows`` and ``metric``.
        work_dir (str or PathLike): Where the runs lie.
        seeds (Sequence[int]): Which seeds.
        out (Path): The file, sorted by group, row and seed.

    Returns:
        int: How many results the file holds.
    """
    lines = read_collected(out)
    for (group, name), runs in read_results(study, work_dir, seeds).items():
        lines.update({(group, name, seed): result for seed, result in runs.items()})
    order = sorted(lines, key=lambda key: (key[0] or '', *key[1:]))
    text = [
        json.dumps({'row': name, 'group': group, 'seed': seed, **lines[group, name, seed]}) + '\n'
        for group, name, seed in order
    ]
    write_aside(out, ''.join(text).encode())
    return len(lines)


def _check_result(result: dict, place: str, metric: str, remedy: str) -> None:
    for key in ('best', 'last'):
        if metric not in result[key]:
            raise UserError(f'{place} has no {key}.{metric}. {remedy}')
    if result['networks'] < 1:
        raise UserError(f'{place} is damaged (networks: {result["networks"]}). {remedy}')


def metrics(runs: dict[int, dict], metric: str) -> dict[int, float | None]:
    """Test metric of the best checkpoint by validation, by seed; None for NaN."""
    return {seed: result['best'][metric] for seed, result in runs.items()}
