# SPDX-License-Identifier: Apache-2.0
"""Checks the files of finished stages before a generational run resumes."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from mmengine.runner.checkpoint import CheckpointLoader

from ..checkpoints.comparing import METHOD_PREFIX
from ..datasets.pseudo_label_files import Quality, read_index
from ..errors import MissingFileError, UserError
from ..errors.wording import counted
from ..evaluation.evalnet_metrics import read_qualities
from ..teachers.networks import build_network

REMEDY = 'Put the right file back, or choose another --work-dir.'


def check_networks(
    work_dir: Path, stages: dict[str, dict], model_of: Callable[[int], dict | None]
) -> None:
    """Checks that the weights of each finished student are there, whole, and its own.

    Args:
        work_dir (Path): Of the run.
        stages (dict[str, dict]): Results of the finished stages.
        model_of (Callable[[int], dict or None]): The config of the students' network in a
            generation; None of a generation that the config does not have.

    Raises:
        UserError: If a file is gone, cut off, or of another student or architecture.
    """
    shapes: dict[int, dict | None] = {}
    for name, result in stages.items():
        if 'checkpoint' not in result:
            continue
        path = work_dir / name / result['checkpoint']
        if not (path.is_file() and zipfile.is_zipfile(path)):
            raise UserError(
                f'{path} is missing or cut off, and {name} is finished, so it is not trained '
                'again. Put the file back, or choose another --work-dir.'
            )
        content = CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
        seed = content.get('meta', {}).get('seed', result['seed'])
        if seed != result['seed']:
            raise UserError(
                f'{path} is of another student: it was trained with the seed {seed}, and {name} '
                f'with {result["seed"]}. {REMEDY}'
            )
        generation = _generation(name)
        if generation is None:
            continue
        if generation not in shapes:
            model = model_of(generation)
            own = None if model is None else build_network(model, 'model').state_dict()
            shapes[generation] = own and {key: value.shape for key, value in own.items()}
        expected = shapes[generation]
        found = {
            key: getattr(value, 'shape', None)
            for key, value in content.get('state_dict', {}).items()
            if not key.startswith(METHOD_PREFIX)
        }
        if expected is not None and found != expected:
            wrong = {key for key in expected.keys() | found if expected.get(key) != found.get(key)}
            raise UserError(
                f'{path} is of another architecture than {name}: '
                f'{counted(len(wrong), "weight")} of another name or shape, such as {min(wrong)}. '
                f'{REMEDY}'
            )


def _generation(name: str) -> int | None:
    """Returns the generation of the network that a stage trained; folds are of generation 0."""
    if name.startswith('evalnet/fold_'):
        return 0
    match = re.fullmatch(r'generation_(\d+)/student_\d+', name)
    return int(match[1]) if match else None


def quality_damage(labels: Path) -> str | None:
    """Returns what is wrong with the quality network's file on pseudo-labels; None if nothing."""
    try:
        index = read_index(labels)
        quality = Quality(labels, len(index.head['classes']))
        for name in index:
            quality[name]
    except (UserError, MissingFileError) as error:
        return str(error)
    return None


def qualities_damage(path: Path) -> str | None:
    """Returns what is wrong with the predicted qualities of validation; None if nothing."""
    try:
        read_qualities(path)
    except (UserError, MissingFileError) as error:
        return str(error)
    return None
