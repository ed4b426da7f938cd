# SPDX-License-Identifier: Apache-2.0
"""The state file of a generational run: finished stages, and the config that may resume it."""

import math
import os
import re
from pathlib import Path

from ..engine.hooks.best_files import BEST
from ..errors import UserError
from ..files.atomic import read_json, write_json
from ..files.json_shape import shape_error
from .jobs import SUBMITTED, SUFFIX

STATE = 'state.json'
CONFIG = 'config.py'
METRICS = {str: (float, None)}
NETWORK = dict(checkpoint=str, config=str)
STUDENT = {
    'checkpoint?': str,
    'config': str,
    'seed': int,
    'at?': int,
    'val': METRICS,
    'diverged?': str,
}
STAGES = {
    r'generation_\d{1,6}/student_\d{1,6}': STUDENT,
    r'generation_\d{1,6}/(labels|quality)': METRICS,
    r'generation_\d{1,6}/given': dict(teachers=[NETWORK]),
    r'generation_\d{1,6}/test': dict(student=int, test=METRICS),
    r'evalnet/(fold_\d{1,6}/student_\d{1,6}|network)': STUDENT,
    r'evalnet/(fold_\d{1,6}|val)/labels': dict,
}
"""dict: Names of stages, as regular expressions, and the shapes of their results."""

FREE_KEYS = (
    'work_dir', 'resume', 'launcher', 'log_level', 'env_cfg', 'visualizer', 'vis_backends',
    'check_files',
)  # fmt: skip
"""tuple[str]: Top-level config keys that may change between a run and its ``--resume``."""

LENGTH = 'generations.num_generations'
"""str: May change, too, so that a finished run can go on; kept, because the report shows it."""

FREE_LEAVES = ('num_workers', 'persistent_workers', 'keep_labels', 'executor')
"""tuple[str]: Likewise, at any depth."""


class State:
    """Finished stages of a run in one small file, written atomically.

    A stage has a name such as ``generation_1/student_0`` and a result, a dict of JSON values.
    A finished stage is never done again.

    Args:
        work_dir (str or PathLike): Folder of the run.
        config (dict): The run's config, flattened by :func:`flatten`.
        resume (bool): Whether to keep the stages that the file records.

    Raises:
        UserError: If the folder holds a run and ``resume`` is not set, or one of another config.
    """

    def __init__(self, work_dir: str | os.PathLike, config: dict, resume: bool):
        self.path = Path(work_dir) / STATE
        self.stages: dict[str, dict] = {}
        self.config = config
        if not self.path.exists():
            return
        content = read_state(self.path)
        traces = ('*.pth', f'*{SUFFIX}/{SUBMITTED}')
        begun = any(path for name in traces for path in self.path.parent.rglob(name))
        if not content['stages'] and not begun:
            return  # a mistake was found before anything was done
        if not resume:
            raise UserError(
                f'{work_dir} holds a generational run already. Go on with it with --resume, or '
                'choose another --work-dir.'
            )
        _compare(content['config'], config, self.path)
        self.stages = content['stages']

    def finish(self, stage: str, result: dict) -> None:
        """Records a stage in the memory of every process; the main process calls :meth:`write`.

        Raises:
            UserError: If it is no result of this stage.
        """
        problem = _stage_problem(stage, result)
        if problem:
            raise UserError(f'{stage} has a damaged result ({problem}). Do it again with --resume.')
        self.stages[stage] = result

    def write(self) -> None:
        """Writes the file."""
        write_json(self.path, dict(config=self.config, stages=self.stages))


def read_stages(work_dir: str | os.PathLike) -> dict[str, dict]:
    """Returns the finished stages of a run.

    Raises:
        MissingFileError: If the folder holds no generational run.
    """
    return read_state(Path(work_dir) / STATE)['stages']


def read_state(path: Path) -> dict:
    """Reads a state file: ``config``, flat, and ``stages``.

    Raises:
        MissingFileError: If it does not exist.
        UserError: If it is damaged.
    """
    remedy = 'Put back a copy of it, choose another --work-dir, or delete the folder.'
    scalar = (str, int, float, bool, None)
    content = read_json(path, dict(config={str: scalar}, stages={str: dict}), remedy)
    for name, result in content['stages'].items():
        problem = _stage_problem(name, result)
        if problem:
            raise UserError(f'{path} is damaged ({problem}). {remedy}')
    return content


def _stage_problem(name: str, result: dict) -> str | None:
    """Returns what is wrong with the result of a stage, None if nothing."""
    shape = next((s for pattern, s in STAGES.items() if re.fullmatch(pattern, name)), None)
    if shape is None:
        return f'stages: {name!r} is no stage'
    problem = shape_error(result, shape, f'stages.{name}')
    if not problem and shape is STUDENT:
        files = result.get('checkpoint', BEST), result['config']
        if files != (BEST, CONFIG):
            problem = f'stages.{name}: a student has the files {BEST} and {CONFIG}'
    return problem


def flatten(value, key: str = '') -> dict:
    """Returns a nested config as ``{'model.backbone.type': 'UNet', ...}``, without free keys."""
    if isinstance(value, dict):
        items = [(str(k), v) for k, v in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(i), v) for i, v in enumerate(value)]
    else:
        plain = isinstance(value, str | int | None) or (
            isinstance(value, float) and math.isfinite(value)
        )
        return {key: value if plain else repr(value)}
    if not items:
        return {key: repr(value)} if key else {}
    flat = {}
    for name, item in items:
        if name in FREE_LEAVES or (not key and name in FREE_KEYS):
            continue
        flat.update(flatten(item, f'{key}.{name}' if key else name))
    return flat


def _compare(old: dict, new: dict, path: Path) -> None:
    for key in sorted((old.keys() | new.keys()) - {LENGTH}):
        if old.get(key, '(absent)') != new.get(key, '(absent)'):
            raise UserError(
                f'{path} belongs to a run with another config: {key} was '
                f'{old.get(key, "(absent)")!r} and is {new.get(key, "(absent)")!r}. Use the old '
                'value, choose another --work-dir, or delete the folder.'
            )
