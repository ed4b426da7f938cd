# SPDX-License-Identifier: Apache-2.0
"""A study: a table of configs and seeds, each cell one run whose result is a small file."""

import json
import os
import time
from pathlib import Path

import torch
from mmengine import Config
from mmengine.registry import RUNNERS, init_default_scope

from ..errors import UserError
from ..files import read_json, write_json
from ..report.study import MASK_KEYS, RESULT, folder_of
from ..report.summary import read_summary
from .generations.configs import keep_best, test_config
from .generations.stages import CONFIG, measure, newest_checkpoint, train_student
from .generations.state import STATE, Lock, flatten, read_stages
from .generations.teachers import ranked_students
from .hooks.keep_best import BEST, best_validation

CLOCK = 'seconds.json'
PARTS = 5
POLL = 5.0


def read_study(path: str | os.PathLike) -> Config:
    """Reads a study: ``title``, ``metric``, ``seeds`` and ``rows``, a list of ``dict(name, config
    [, options, group, start])``; ``caption``, text about all rows, may be absent.

    Rows of a ``group``, such as a share of labeled images, are compared with each other; the same
    name in several groups is the same method. ``start`` names the row of the group whose networks
    a row begins with: the best of them (``load_from``), or all as first teachers of generations.
    Tables compare ``name + IM`` with ``name``. Groups that are shares, such as ``'1/16'``, make a
    plot, with the row ``labeled only`` in all its panels.

    Raises:
        UserError: If something is missing, a row occurs twice, or a config does not exist.
    """
    if not Path(path).is_file():
        raise UserError(f'{path} does not exist; tools/studies holds those of this project.')
    study = Config.fromfile(path)
    for key in ('title', 'metric', 'seeds', 'rows'):
        if key not in study:
            raise UserError(f'{path} has no {key!r}: a study names title, metric, seeds, rows.')
    names = [(row.name, row.get('group')) for row in study.rows]
    for name, group in names:
        if names.count((name, group)) > 1:
            place = f' in the group {group!r}' if group else ''
            raise UserError(f'{path}: two rows have the name {name!r}{place}.')
    for row in study.rows:
        if not Path(row.config).is_file():
            raise UserError(f'{path}: the config of {row.name!r}, {row.config}, does not exist.')
        if 'start' in row and (row.start, row.get('group')) not in names:
            raise UserError(f'{path}: {row.name!r} starts from {row.start!r}, which is no row.')
    return study


def run_cell(row: dict, seed: int, folder: Path, metric: str, start: Path | None = None) -> dict:
    """Trains and tests one config with one seed, or goes on where that was interrupted.

    Args:
        row (dict): ``config``, a file, and ``options``, changes of it, where ``'{second}'`` is the
            checkpoint of the second-best network of ``start``, a run in generations.
        seed (int): Of the run.
        folder (Path): Its work_dir.
        metric (str): The validation metric that chooses a checkpoint.
        start (Path, optional): Finished run whose networks it begins with.

    Returns:
        dict: ``best`` and ``last``: test metrics of the best checkpoint by validation and of the
        last (of a generational run: of the best student of the last generation; the best of every
        generation in ``generations``); ``seconds`` of training and testing; ``networks``
        trained; ``mask``: means of :data:`MASK_KEYS` over each fifth of the training.

    Raises:
        UserError: If the folder holds the result of another config.
    """
    cfg = Config.fromfile(row['config'])
    cfg.merge_from_dict(_filled(dict(row.get('options') or {}), start))
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    cfg.work_dir = str(folder)
    if start is not None:
        _begin_with(cfg, start)
    made_with = flatten(cfg.to_dict())
    if (folder / RESULT).is_file():
        result = read_json(folder / RESULT)
        if result['config'] != made_with:
            raise UserError(
                f'{folder / RESULT} was made with another config than {row["config"]} is now. '
                'Delete the folder to run it again, or choose another --work-dir.'
            )
        return result
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    with _Clock(folder) as clock:
        run = _run_generations if 'runner_type' in cfg else _run_network
        result = run(cfg, seed, folder, metric)
    result.update(seconds=clock.seconds, config=made_with)
    write_json(folder / RESULT, result)
    for path in folder.rglob('*_*.pth'):  # best.pth and the state of a generational run stay
        path.unlink()
    return result


def _filled(value: object, start: Path | None) -> object:
    """Options in which ``{second}`` is the second-best network of what a row begins with."""
    if isinstance(value, dict):
        return {key: _filled(v, start) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(v, start) for v in value]
    if value == '{second}':
        return str(_students(start)[1] / BEST)
    return value


def _begin_with(cfg: Config, start: Path) -> None:
    if 'runner_type' in cfg:
        cfg.generations.initial_teachers = str(start)
    elif (start / STATE).is_file():
        cfg.load_from = str(_students(start)[0] / BEST)
    else:
        cfg.load_from = str(start / BEST)


def _students(folder: Path) -> list[Path]:
    """Where the networks of the last generation of a run lie, the best by validation first."""
    summary = read_summary(folder)
    ranked = ranked_students(read_stages(folder), summary.metric)
    number = max(ranked)
    return [folder / f'generation_{number}' / f'student_{i}' for i in ranked[number]]


class _Clock:
    """Seconds of a run over all its interruptions."""

    def __init__(self, folder: Path):
        self.path = folder / CLOCK
        self.seconds = read_json(self.path)['seconds'] if self.path.is_file() else 0.0

    def __enter__(self):
        self.start = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds += time.monotonic() - self.start
        write_json(self.path, dict(seconds=self.seconds))


def _run_network(cfg: Config, seed: int, folder: Path, metric: str) -> dict:
    keep_best(cfg, metric)
    val = train_student(cfg, folder, seed, metric)
    best = measure(test_config(cfg, str(folder / BEST)), folder / 'test' / 'best')
    return dict(
        best=best,
        last=_test_last(cfg, folder, val['at'], best),
        val=val['val'],
        at=val['at'],
        networks=1,
        mask=mask_in_fifths(folder),
    )


def _test_last(cfg: Config, folder: Path, best_at: int, best: dict) -> dict:
    """Measures the last checkpoint of a run on the test images, unless it is the best one."""
    last = newest_checkpoint(folder)
    if last.stem.split('_')[1] == str(best_at):
        return best
    return measure(test_config(cfg, str(last)), folder / 'test' / 'last')


def _run_generations(cfg: Config, seed: int, folder: Path, metric: str) -> dict:
    cfg.resume = (folder / STATE).is_file()
    RUNNERS.build(cfg).train()
    summary = read_summary(folder)
    student = _students(folder)[0]
    student_cfg = Config.fromfile(student / CONFIG)
    tests = [g.test for g in summary.generations if g.test]
    labels = [g.labels for g in summary.generations if g.labels]
    keys = {key: key.removeprefix('im/') for key in MASK_KEYS}
    mask = {key: [g[k] for g in labels] for key, k in keys.items() if all(k in g for g in labels)}
    students = [student for g in summary.generations for student in g.students.values()]
    return dict(
        best=tests[-1],
        last=_test_last(student_cfg, student, best_validation(student, metric)[0], tests[-1]),
        generations=tests,
        networks=len(students),
        mask=mask,
    )


def mask_in_fifths(folder: Path) -> dict[str, list[float]]:
    """What ``InconsistencyHook`` logged in a run, averaged over each fifth of its iterations.

    Args:
        folder (Path): A work_dir; the records of all its parts (after a resume) are joined.
    """
    points: dict[int, dict] = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if 'iter' in record:
                points[record['iter']] = record
    end = max(points, default=0)
    parts: dict[str, list[list[float]]] = {}
    for at, record in points.items():
        for key in MASK_KEYS:
            value = record.get(key)
            if value is not None and value == value:
                part = min(PARTS * (at - 1) // end, PARTS - 1)
                parts.setdefault(key, [[] for _ in range(PARTS)])[part].append(value)
    return {
        key: [sum(values) / len(values) if values else None for values in lists]
        for key, lists in parts.items()
    }


def run_study(study: Config, work_dir: Path, seeds: list[int], names: list[str] | None) -> None:
    """Runs what has no result yet; a cell at which another process is at work is passed over.

    Args:
        study (Config): From :func:`read_study`.
        work_dir (Path): Of the study.
        seeds (list[int]): Which seeds; all rows of one before the next.
        names (list[str], optional): Which rows; None for all.
    """
    unknown = set(names or []) - {row.name for row in study.rows}
    if unknown:
        known = ', '.join(row.name for row in study.rows)
        raise UserError(f'The study has no row {sorted(unknown)[0]!r}; its rows are: {known}.')
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', torch.get_num_threads())))
    rows = {(row.name, row.get('group')): row for row in study.rows}

    def finished(row: dict, seed: int) -> bool:
        """Runs a cell, after the one it begins with; False if that is not finished."""
        folder = folder_of(work_dir, row.name, seed, row.get('group'))
        start = None
        if 'start' in row:
            begin = rows[row.start, row.get('group')]
            start = folder_of(work_dir, begin.name, seed, begin.get('group'))
            if not finished(begin, seed) or not (start / RESULT).is_file():
                return False
        try:
            lock = Lock(folder / 'cell')
        except UserError:
            return True
        try:
            print(folder, flush=True)
            run_cell(row, seed, folder, study.metric, start)
        finally:
            lock.release()
        return True

    for seed in seeds:
        waiting = [row for row in study.rows if not names or row.name in names]
        while waiting:
            waiting = [row for row in waiting if not finished(row, seed)]
            if waiting:
                time.sleep(POLL)  # another process is at work on what they begin with
