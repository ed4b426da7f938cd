# SPDX-License-Identifier: Apache-2.0
"""The config that a checkpoint carries, read as data: nothing in it is executed."""

import ast
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import MODELS, TASK_UTILS

from ..errors import UserError
from ..labels.spaces import LABEL_SPACES

REMEDY = 'Name the config that it was trained with: --config CONFIG.'


def recorded_config(meta: dict, name: str) -> Config:
    """Returns the config of a checkpoint's ``meta``.

    mmengine writes it as Python, and would execute it to read it. Here, numbers, texts, lists and
    ``dict(...)`` are values and everything else is refused; so is a model of classes that are not
    registered, because mmengine would import and call whatever a ``type`` with dots names.

    Args:
        meta (dict): Of :func:`~mmseg_im.checkpoints.read_checkpoint`.
        name (str): The checkpoint, for the message.

    Raises:
        UserError: If there is none, or it holds something else.
    """
    text = meta.get('cfg')
    if not isinstance(text, str) or not text.strip():
        raise UserError(f'{name} does not carry its config. {REMEDY}')
    try:
        values = read_values(text)
        model = values['model']
        if not isinstance(model, dict):
            raise ValueError('model is no dict')
        del_init_cfg(model)
    except (SyntaxError, ValueError, RecursionError, MemoryError, KeyError, TypeError) as error:
        raise UserError(f'The config in {name} cannot be read ({error}). {REMEDY}') from error
    model.pop('semi', None)
    unknown = [k for k in types_of(model) if not isinstance(k, str) or not is_registered(k)]
    if unknown:
        raise UserError(
            f'The config in {name} names {unknown[0]!r}, which is not registered. {REMEDY}'
        )
    return Config(values)


def read_values(text: str) -> dict[str, Any]:
    """Returns the values of a text of assignments ``name = value`` (mmengine's ``pretty_text``).

    Raises:
        ValueError, SyntaxError: If a value is no literal and no ``dict(...)``.
    """
    values = {}
    for line in ast.parse(text).body:
        if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
            raise ValueError(f'line {line.lineno} is no assignment')
        values[line.targets[0].id] = _value(line.value)
    return values


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.func.id != 'dict':
            raise ValueError(f'line {node.lineno} calls a function')
        words = {_keyword(word): _value(word.value) for word in node.keywords}
        # keys that are no names stand in one dict in the brackets
        return dict(*map(_value, node.args), **words)
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(_value, node.values), strict=True))
    if isinstance(node, ast.List | ast.Tuple):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    return ast.literal_eval(node)


def _keyword(word: ast.keyword) -> str:
    if word.arg is None:
        raise ValueError('it holds **')
    return word.arg


def del_init_cfg(value: Any) -> None:
    """Removes where a network would take its first weights from, in place."""
    if isinstance(value, dict):
        value.pop('init_cfg', None)
        value.pop('pretrained', None)
    for child in _children(value):
        del_init_cfg(child)


def types_of(value: Any) -> Iterator[Any]:
    """All ``type`` entries of nested dicts and lists."""
    if isinstance(value, dict) and 'type' in value:
        yield value['type']
    for child in _children(value):
        yield from types_of(child)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def is_registered(name: str) -> bool:
    """Whether a name is of a registered class of models, label spaces or samplers."""
    if name in LABEL_SPACES:
        return True
    for registry in (MODELS, TASK_UTILS):
        at: Registry | None = registry
        while at is not None:
            at.import_from_location()
            if name in at.module_dict:
                return True
            at = at.parent
    return False
