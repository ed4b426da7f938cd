# SPDX-License-Identifier: Apache-2.0
"""A cell of a study: one config trained and tested with one seed; its result is a small file."""

import json
import os
import time
from pathlib import Path

from im_study.more_labels import add_labels, draw_labeled
from im_study.results import MASK_KEYS, RESULT, read_result
from mmengine import Config
from mmengine.registry import RUNNERS, init_default_scope
from mmengine.runner.checkpoint import save_checkpoint

from mmseg_im.build import did_you_mean
from mmseg_im.checkpoints import read_checkpoint
from mmseg_im.checkpoints.comparing import tensors_of, without_prefix
from mmseg_im.engine.hooks.best_files import BEST, best_validation
from mmseg_im.engine.newest_checkpoint import newest_checkpoint
from mmseg_im.errors import UserError
from mmseg_im.files.atomic import read_json, write_json
from mmseg_im.files.json_shape import shape_error
from mmseg_im.generations.configs import keep_best, test_config
from mmseg_im.generations.ranking import ranked_students
from mmseg_im.generations.stages import measure, train_student
from mmseg_im.generations.state import CONFIG, STATE, flatten, read_stages
from mmseg_im.generations.summary import read_summary

CLOCK = 'seconds.json'
MADE_WITH = 'made_with.json'
PARTS = 5
ANOTHER = '{another}'
TEACHER = 'semi.teachers.0'


def run_cell(
    row: dict,
    seed: int,
    folder: Path,
    metric: str,
    start: Path | None = None,
    another: Path | None = None,
) -> dict:
    """Trains and tests one config with one seed, or goes on where that was interrupted.

    Args:
        row (dict): ``config``, a file, and ``options``, changes of it, where ``'{second}'`` is the
            checkpoint of the second-best network of ``start``, a run in generations, and
            ``'{another}'`` the best of ``another``. ``labeled``: begin with so many labeled images,
            drawn at random; ``adds``: with the images of ``start``, and others that a rule
            chooses, see :func:`~.more_labels.add_labels`.
        seed (int): Of the run.
        folder (Path): Its work_dir.
        metric (str): The validation metric that chooses a checkpoint.
        start (Path, optional): Finished run whose networks it begins with.
        another (Path, optional): The same with another seed, such as for a second teacher.

    Returns:
        dict: ``best`` and ``last``: test metrics of the best checkpoint by validation and of the
        last (of a generational run: of the best student of the last generation; the best of every
        generation in ``generations``); ``teacher``: those of the first EMA teacher of the last
        checkpoint, where there is one; ``seconds`` of training and testing; ``networks``
        trained; ``mask``: means of :data:`MASK_KEYS` over each fifth of the training.

    Raises:
        UserError: If the folder holds a run of another config, or an option names no part of it.
    """
    cfg = Config.fromfile(row['config'])
    options = _filled(dict(row.get('options') or {}), start, another)
    _check_options(cfg, options, row['config'])
    cfg.merge_from_dict(options)
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    cfg.work_dir = str(folder)
    if 'labeled' in row:
        draw_labeled(cfg, row['labeled'], seed, folder)
    if 'adds' in row:
        add_labels(cfg, dict(row['adds']), seed, start, folder)
    elif start is not None:
        _begin_with(cfg, start)
    made_with = _made_with(cfg, start, another, folder, row.get('adds'))
    if (folder / MADE_WITH).is_file() and _read_made_with(folder) != made_with:
        raise UserError(
            f'{folder} was made with another config: {row["config"]} or the options of its row '
            'have changed since, or the networks that it begins with were trained again. Delete '
            'the folder to run it again, or choose another --work-dir.'
        )
    if (folder / RESULT).is_file():
        return read_result(folder / RESULT, metric)
    write_json(folder / MADE_WITH, made_with)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    with _Clock(folder) as clock:
        run = _run_generations if 'generations' in cfg else _run_network
        result = run(cfg, seed, folder, metric)
    result.update(seconds=clock.seconds)
    write_json(folder / RESULT, result)
    for path in folder.rglob('*_*.pth'):  # best.pth and the state of a generational run stay
        path.unlink()
    return result


def _check_options(cfg: Config, options: dict, path: str) -> None:
    for key in options:
        part = key.partition('.')[0]
        if part not in cfg and part not in ('load_from', 'compile'):
            hint = did_you_mean(part, cfg)
            raise UserError(f'options of a row: {path} has no {part!r} ({key}).{hint}')


def _made_with(
    cfg: Config, start: Path | None, another: Path | None, folder: Path, adds: dict | None
) -> dict:
    """What a run depends on, wherever the study lies: its config, and what it begins with."""
    more = {} if adds is None else {'adds': dict(adds)}
    made_with = flatten({**cfg.to_dict(), 'work_dir': None, **more})
    own = os.path.abspath(folder)
    for key, value in made_with.items():
        if isinstance(value, str) and value.startswith(own):  # its lists of images
            made_with[key] = value.replace(own, '{folder}')
    for name, run in dict(start=start, another=another).items():
        if run is not None:
            for key, value in made_with.items():
                if isinstance(value, str):
                    made_with[key] = value.replace(str(run), f'{{{name}}}')
            remedy = f'Delete {run}: it is run again.'
            made_with[name] = read_json(run / RESULT, dict(best=dict), remedy)['best']
    return made_with


def _read_made_with(folder: Path) -> dict:
    remedy = f'Put back a copy of it, or delete {folder}: the next run makes it again.'
    return read_json(folder / MADE_WITH, dict, remedy)


def _filled(value: object, start: Path | None, another: Path | None) -> object:
    """Options with the checkpoints for which ``{second}`` and ``{another}`` stand."""
    if isinstance(value, dict):
        return {key: _filled(v, start, another) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_filled(v, start, another) for v in value)
    if value == ANOTHER:
        return str(another / BEST)
    if value == '{second}':
        return str(_students(start)[1] / BEST)
    return value


def _begin_with(cfg: Config, start: Path) -> None:
    if 'generations' in cfg:
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
    """Seconds of a run over its interruptions; a part that was killed is not counted."""

    def __init__(self, folder: Path):
        self.path = folder / CLOCK
        self.seconds = 0.0
        if self.path.exists():
            remedy = 'Delete it: the time of the run then counts from here.'
            self.seconds = read_json(self.path, dict(seconds=float), remedy)['seconds']

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
        **_test_teacher(cfg, folder),
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


def _test_teacher(cfg: Config, folder: Path) -> dict[str, dict]:
    """Measures the first EMA teacher of the last checkpoint on the test images, if there is one."""
    content, meta = read_checkpoint(str(newest_checkpoint(folder)))
    weights = tensors_of(content)
    if f'{TEACHER}.steps' not in weights:
        return {}
    alone = dict(state_dict=without_prefix(weights, f'{TEACHER}.module'), meta=meta)
    save_checkpoint(alone, str(folder / 'teacher_0.pth'))
    test = test_config(cfg, str(folder / 'teacher_0.pth'))
    return dict(teacher=measure(test, folder / 'test' / 'teacher'))


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
        for line in path.read_text(errors='replace').splitlines():
            record = _record(line)
            if record is not None:
                points[record['iter']] = record
    end = max(points, default=0)
    parts: dict[str, list[list[float]]] = {}
    for at, record in points.items():
        for key in MASK_KEYS:
            value = record.get(key)
            if value is not None:
                part = min(PARTS * (at - 1) // end, PARTS - 1)
                parts.setdefault(key, [[] for _ in range(PARTS)])[part].append(value)
    return {
        key: [sum(values) / len(values) if values else None for values in lists]
        for key, lists in parts.items()
    }


def _record(line: str) -> dict | None:
    """A line of a log about an iteration; None of another, or of half a one of a killed run."""
    try:
        record = json.loads(line, parse_constant=lambda name: None)  # a mean of nothing is NaN
    except (ValueError, RecursionError):
        return None
    shape = {'iter': int} | {f'{key}?': (float, None) for key in MASK_KEYS}
    return None if shape_error(record, shape) or record['iter'] < 1 else record
