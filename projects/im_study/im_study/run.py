# SPDX-License-Identifier: Apache-2.0
"""Reads a study, a table of configs and seeds, and runs each cell of it once."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from im_study.one_run import ANOTHER, run_cell
from im_study.results import RESULT, folder_of
from mmengine import Config

from mmseg_im.engine.work_dir import Lock
from mmseg_im.errors import UserError

POLL = 5.0


def read_study(path: str | os.PathLike) -> Config:
    """Reads a study: ``title``, ``metric``, ``seeds`` and ``rows``, a list of ``dict(name, config
    [, options, group, start])``. ``caption``, text about all rows, and ``runs_of``, the name of a
    study with which it shares runs of equal rows, may be absent.

    Rows of a ``group``, such as a share of labeled images, are compared with each other; the same
    name in several groups is the same method. ``start`` names the row of the group whose networks
    a row begins with: the best of them (``load_from``), or all as first teachers of generations.
    ``'{another}'`` in its options is the checkpoint of that row with the next seed.
    With ``adds`` (``dict(rule=...)``) a row begins with their labeled images in place of their
    weights, and with as many others that the rule chooses; ``labeled`` is a number of images with
    which a row begins.
    Tables compare ``name + IM`` with ``name``. Groups that are shares, such as ``'1/16'``, make a
    plot if there is a row ``labeled only``, which is in all its panels.

    Raises:
        UserError: If something is missing, a row occurs twice, or a config does not exist.
    """
    if not Path(path).is_file():
        raise UserError(f'{path} does not exist; projects/im_study/studies holds examples.')
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
        if 'adds' in row and 'start' not in row:
            raise UserError(f'{path}: {row.name!r} adds labels to none: name a row in `start`.')
        if ANOTHER in str(row.get('options')) and 'start' not in row:
            raise UserError(f'{path}: {row.name!r} has {ANOTHER} and no `start`: another of what?')
    beginners = {row.name for row in study.rows if 'start' in row}
    for row in study.rows:
        if not Path(row.config).is_file():
            raise UserError(f'{path}: the config of {row.name!r}, {row.config}, does not exist.')
        if 'start' in row and (row.start, row.get('group')) not in names:
            raise UserError(f'{path}: {row.name!r} starts from {row.start!r}, which is no row.')
        if 'start' in row and row.start in beginners:
            raise UserError(
                f'{path}: {row.name!r} starts from {row.start!r}, which starts from another row '
                'itself. Let it start from that one.'
            )
    return study


def folder_of_study(study: Config, path: str | os.PathLike, parent: str | os.PathLike) -> Path:
    """The work_dir of a study: a folder of its name, or of the study with which it shares runs."""
    return Path(parent, study.get('runs_of') or Path(path).stem)


def check_names(study: Config, names: Sequence[str] | None) -> None:
    """Raises a UserError if a study has no row of a name."""
    known = dict.fromkeys(row.name for row in study.rows)
    for name in names or []:
        if name not in known:
            raise UserError(f'The study has no row {name!r}; its rows are: {", ".join(known)}.')


def run_study(study: Config, work_dir: Path, seeds: list[int], names: list[str] | None) -> None:
    """Runs what has no result yet; a cell at which another process is at work is passed over.

    Args:
        study (Config): From :func:`read_study`.
        work_dir (Path): Of the study.
        seeds (list[int]): Which seeds; all rows of one before the next.
        names (list[str], optional): Which rows; None for all.
    """
    check_names(study, names)
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', torch.get_num_threads())))
    rows = {(row.name, row.get('group')): row for row in study.rows}

    def after(seed: int) -> int:
        """The next seed of the study, of the last one the first."""
        return next((other for other in sorted(study.seeds) if other > seed), min(study.seeds))

    def finished(row: dict, seed: int) -> bool:
        """Runs a cell, after the one it begins with; False if that is not finished."""
        folder = folder_of(work_dir, row.name, seed, row.get('group'))
        start = another = None
        if 'start' in row:
            begin = rows[row.start, row.get('group')]
            start = folder_of(work_dir, begin.name, seed, begin.get('group'))
            if not finished(begin, seed) or not (start / RESULT).is_file():
                return False
            if ANOTHER in str(row.get('options')):
                another = folder_of(work_dir, begin.name, after(seed), begin.get('group'))
                if not finished(begin, after(seed)) or not (another / RESULT).is_file():
                    return False
        try:
            lock = Lock(folder / 'cell')
        except UserError:
            return True
        try:
            print(folder, flush=True)
            run_cell(row, seed, folder, study.metric, start, another)
        finally:
            lock.release()
        return True

    waiting = [
        (row, seed) for seed in seeds for row in study.rows if not names or row.name in names
    ]
    while waiting:
        waiting = [cell for cell in waiting if not finished(*cell)]
        if waiting:
            time.sleep(POLL)  # another process is at work on what they begin with
