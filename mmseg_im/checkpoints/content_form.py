# SPDX-License-Identifier: Apache-2.0
"""Checks that the content of a checkpoint has the form that its readers expect."""

import numpy as np
from torch import Tensor

from .allowed_names import UnreadableError

_MAX_COUNT = 10**9  # epochs and iterations
_LONGEST = 500  # characters of a name
_MOST_CLASSES = 10_000
_LARGEST_HUB = 1000  # entries of a part of the message hub; a Runner has some fifty


def check_content(content) -> None:
    """Checks what mmengine, mmseg and this package read from any checkpoint.

    What a file lacks is no mistake here: published weights have neither optimiser nor log.

    Args:
        content: Of ordinary objects.

    Raises:
        UnreadableError: If a part has another form than its readers expect.
    """
    _dict_of_names(content, 'its content')
    for key in ('state_dict', 'ema_state_dict'):
        if key in content:
            check_weights(content[key], key)
    meta = content.get('meta')
    meta = {} if meta is None else _dict_of_names(meta, 'meta')
    for key in ('epoch', 'iter'):
        _expect(_is_count(meta.get(key, 0)), f'meta.{key} is no number of steps')
    seed = meta.get('seed')
    whole = type(seed) is int and 0 <= seed < 2**63
    _expect(seed is None or whole, 'meta.seed is no whole number')
    dataset_meta = meta.get('dataset_meta')
    if dataset_meta is not None:
        classes = _dict_of_names(dataset_meta, 'meta.dataset_meta').get('classes')
        names = isinstance(classes, list | tuple) and all(type(name) is str for name in classes)
        _expect(classes is None or names, 'meta.dataset_meta.classes is no list of names')
        few = len(classes or ()) <= _MOST_CLASSES and all(map(_is_short, classes or ()))
        _expect(few, 'meta.dataset_meta.classes are too many or too long')
    if 'message_hub' in content:
        hub = _dict_of_names(content['message_hub'], 'message_hub')
        for key in ('log_scalars', 'runtime_info', 'resumed_keys'):
            part = _dict_of_names(hub.get(key), f'message_hub.{key}')
            _expect(len(part) <= _LARGEST_HUB, f'message_hub.{key} has {len(part)} entries')
        for key, value in hub['runtime_info'].items():
            fits = value is None or isinstance(value, int | float | np.number)
            _expect(
                fits or not key.startswith('best_score'),
                f'message_hub.runtime_info.{key} is no number',
            )
    for key in ('optimizer', 'param_schedulers'):
        if key in content:
            _expect(isinstance(content[key], dict | list), f'{key} is neither dict nor list')


def check_weights(weights, where: str) -> None:
    """Checks that a value is a dict of names and tensors.

    Raises:
        UnreadableError: If it is not.
    """
    for name, value in _dict_of_names(weights, where).items():
        kind = type(value).__name__
        _expect(isinstance(value, Tensor), f'{where} has under {name!r} no tensor but {kind}')


def _dict_of_names(value, where: str) -> dict:
    _expect(isinstance(value, dict), f'{where} is no dict but {type(value).__name__}')
    _expect(all(type(key) is str for key in value), f'{where} has keys that are no names')
    _expect(all(map(_is_short, value)), f'{where} has a name that is no text')
    return value


def _is_short(name: str) -> bool:
    """Returns whether a name can be shown: no control characters, no page of text."""
    return len(name) <= _LONGEST and name.isprintable()


def _is_count(value) -> bool:
    return type(value) is int and 0 <= value < _MAX_COUNT


def _expect(condition: bool, reason: str) -> None:
    if not condition:
        raise UnreadableError(reason)
