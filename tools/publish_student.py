# SPDX-License-Identifier: Apache-2.0
"""Writes the student, or a teacher, of a training checkpoint into a file of its own."""

import argparse
import os
import re
from pathlib import Path

from mmengine.config import Config
from mmengine.runner.checkpoint import save_checkpoint
from torch import Tensor

import mmseg_im
from mmseg_im.checkpoints import read_checkpoint
from mmseg_im.checkpoints.comparing import METHOD_PREFIX, tensors_of
from mmseg_im.checkpoints.not_finite import first_not_finite
from mmseg_im.datasets.annotation_steps import without_annotations
from mmseg_im.deploy.recorded_config import recorded_config
from mmseg_im.deploy.trained_size import test_dataset
from mmseg_im.engine.hooks.best_files import BEST, METRIC, STUDENT, best_file, kept_at, metric_of
from mmseg_im.engine.hooks.validation_record import RECORD, read_record
from mmseg_im.errors import UserError, plain_errors
from mmseg_im.files.atomic import check_writable


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='checkpoint of a semi-supervised run')
    parser.add_argument('output', help='file to write')
    parser.add_argument(
        '--weights',
        default='best',
        help='"best" (default): of best.pth the network with the best validation of the run, also '
        'an EMA teacher or a network beside the student; of any other checkpoint the student. Or '
        '"student", "ema" (the first EMA teacher), "teacherN" (teacher number N), or the name of a '
        'network that was trained beside the student, such as "senior"',
    )
    return parser.parse_args()


def select(state_dict: dict[str, Tensor], weights: str) -> dict[str, Tensor]:
    """Returns one network's weights from a state dict, with the keys of a stock config.

    Args:
        state_dict (dict[str, Tensor]): Of a SemiSegmentor.
        weights (str): ``'student'``, ``'ema'``, ``'teacherN'``, or the name of a network beside
            the student, such as ``'senior'``.

    Raises:
        UserError: If the checkpoint holds no such network.
    """
    if weights == 'student':
        chosen = {k: v for k, v in state_dict.items() if not k.startswith(METHOD_PREFIX)}
        if not chosen:
            raise UserError('The checkpoint holds no student: all its keys are of the method.')
        return chosen
    # an EMA teacher is the one that counts its steps
    ema = re.compile(re.escape(METHOD_PREFIX) + r'teachers\.(\d+)\.steps')
    numbers = sorted(int(match[1]) for match in map(ema.fullmatch, state_dict) if match)
    prefixes = [f'{METHOD_PREFIX}teachers.{number}.' for number in numbers]
    if weights.startswith('teacher') and weights[len('teacher') :].isdigit():
        prefixes = [f'{METHOD_PREFIX}teachers.{weights[len("teacher") :]}.']
    elif weights != 'ema':
        beside = networks_beside(state_dict)
        if weights not in beside:
            names = ['student, ema, teacher0, teacher1 ...', *beside]
            raise UserError(f'--weights {weights} is none of {", ".join(names)}')
    prefix = prefixes[0] + 'module.' if prefixes else f'{METHOD_PREFIX}{weights}.'
    chosen = {
        key.removeprefix(prefix): value
        for key, value in state_dict.items()
        if key.startswith(prefix)
    }
    if not chosen:
        raise UserError(f'The checkpoint holds no weights of {weights!r}.')
    return chosen


def networks_beside(state_dict: dict[str, Tensor]) -> list[str]:
    """Names of the networks that were trained beside the student, such as ``['senior']``."""
    heads = re.compile(re.escape(METHOD_PREFIX) + r'(\w+)\.decode_head\.')
    return list(dict.fromkeys(match[1] for match in map(heads.match, state_dict) if match))


def best_network(checkpoint: Path, metric: str) -> tuple[str, str]:
    """Returns which network of a run has the best validation, and why.

    Args:
        checkpoint (Path): ``best.pth``, with the record of the validations beside it.
        metric (str): By which it is the best.

    Returns:
        tuple[str, str]: ``'student'``, ``'teacher0'``, ...; and the values in words.
    """
    folder = checkpoint.parent
    names = [path.stem.removeprefix('best_') for path in sorted(folder.glob('best_*.pth'))]
    record = read_record(folder / RECORD)
    values = {}
    for name in (STUDENT, *names):
        value = record.get(kept_at(folder, name) or '', {}).get(metric_of(name, metric))
        if value is not None:
            values[name or 'student'] = value
    if 'student' not in values or len(values) == 1:
        return 'student', ''
    best, *others = sorted(values, key=lambda name: -values[name])  # of equals the student
    compared = ', '.join(f'{values[name]:.2f} of the {name}' for name in others)
    return best, f'Best validation: {metric} {values[best]:.2f} of the {best}, against {compared}. '


def to_publish(checkpoint: Path, meta: dict, state_dict: dict) -> tuple[str, Path, str]:
    """Returns what ``--weights best`` means: a network, its file, and why."""
    metric, recorded = meta.get(METRIC), (checkpoint.parent / RECORD).is_file()
    if checkpoint.name != BEST or not isinstance(metric, str) or not recorded:
        return 'student', checkpoint, ''
    name, _, rest = metric.partition('/')
    if rest and (re.fullmatch(r'teacher\d+', name) or name in networks_beside(state_dict)):
        return name, checkpoint, f'{BEST} is of the best {metric}. '
    name, why = best_network(checkpoint, metric)
    return name, checkpoint if name == 'student' else best_file(checkpoint.parent, name), why


def network_config(meta: dict) -> str | None:
    """Returns what ``export.py`` needs of the config in ``meta``, without paths; None: nothing."""
    try:
        cfg = recorded_config(meta, 'The checkpoint')
    except UserError:  # of an older version, or of classes of the user's own
        return None
    kept = dict(model=cfg.model)
    pipeline = test_dataset(cfg).get('pipeline')
    if isinstance(pipeline, list):
        steps = without_annotations(pipeline)
        kept['test_dataloader'] = dict(dataset=dict(pipeline=steps))
    return Config(kept).pretty_text


@plain_errors()
def main() -> None:
    args = parse_args()
    if os.path.isfile(args.output) or os.path.islink(args.output):
        raise UserError(f'{args.output} is there already. Remove it, or name another output.')
    check_writable(args.output)
    content, meta = read_checkpoint(args.checkpoint)
    state_dict = tensors_of(content)
    config = network_config(meta)
    name, path, why = args.weights, Path(args.checkpoint), ''
    if name == 'best':
        name, path, why = to_publish(path, meta, state_dict)
    if path != Path(args.checkpoint):  # the network alone, without its config
        content, meta = read_checkpoint(path)
        state_dict = tensors_of(content)
    try:
        weights = select(state_dict, name if path == Path(args.checkpoint) else 'student')
    except UserError as error:
        raise UserError(f'{path}: {error}') from None
    broken = first_not_finite(weights, lambda name: name.endswith(('.weight', '.bias')))
    if broken:
        raise UserError(
            f'{path}: {broken} holds NaN or inf: the training has failed. Publish an earlier '
            'checkpoint.'
        )
    published = dict(
        state_dict=weights,
        meta=dict(
            dataset_meta=meta.get('dataset_meta'),
            epoch=meta.get('epoch'),
            iter=meta.get('iter'),
            weights=name,
            cfg=config,
            mmseg_im_version=mmseg_im.__version__,
        ),
    )
    save_checkpoint(published, args.output)
    classes = (meta.get('dataset_meta') or {}).get('classes') or ()
    parameters = sum(value.numel() for value in weights.values())
    print(
        f'{why}{args.output}: kept the {name} ({len(weights)} of {len(state_dict)} tensors, '
        f'{parameters:,} values) and the names of {len(classes)} classes; left out optimiser, '
        f'schedule, log and {len(state_dict) - len(weights)} other tensors. '
        f'{os.path.getsize(path) / 2**20:.1f} MiB became '
        f'{os.path.getsize(args.output) / 2**20:.1f} MiB.'
    )


if __name__ == '__main__':
    main()
