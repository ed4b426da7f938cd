# SPDX-License-Identifier: Apache-2.0
"""Compares the content of a JSON file with the form that it should have."""

from collections.abc import Iterable
from typing import Any

LARGEST = 1e300  # larger values, infinite ones and NaN do not count as numbers
NAMES: dict[Any, str] = {
    bool: 'true or false', int: 'a whole number', float: 'a number', str: 'text',
    dict: 'an object', list: 'a list', None: 'null',
}  # fmt: skip


def shape_error(value: Any, shape: Any, key: str = '') -> str | None:
    """Returns where a value differs from a shape, None if nowhere.

    Args:
        value (Any): What :func:`json.loads` returned.
        shape (Any): A type (``float`` takes whole numbers; none takes NaN) or None, ``object``
            for anything, a tuple of shapes of which one must fit, ``[shape]`` for a list,
            ``{str: shape}`` for a dict of any keys, ``{int: shape}`` where these are whole numbers
            from 0, and ``dict(a=shape, ...)`` for one that has these keys, perhaps among others;
            one that ends in ``?`` may be absent.
        key (str): Where the value stands, for the message.

    Returns:
        str or None: Such as ``"stages.labels: 'masked' is missing"``.
    """
    place = f'{key}: ' if key else ''
    if isinstance(shape, tuple):
        errors = [shape_error(value, one, key) for one in shape]
        return None if None in errors else errors[0]
    kind = type(shape) if isinstance(shape, list | dict) else shape
    if not _is(value, kind):
        return f'{place}{_shown(value)} stands where {NAMES[kind]} belongs'
    items: Iterable[tuple[str, Any, Any]]
    if isinstance(shape, list):
        items = ((str(i), item, shape[0]) for i, item in enumerate(value))
    elif isinstance(shape, dict) and (str in shape or int in shape):
        for name in value:
            if int in shape and not (name.isascii() and name.isdecimal() and len(name) < 10):
                return f'{place}{name!r} is no whole number'
            if not _is(name, str):
                return f'{place}{name!r} is no Unicode text'
        inner = next(iter(shape.values()))
        items = ((name, item, inner) for name, item in value.items())
    elif isinstance(shape, dict):
        for name in shape:
            if name not in value and not name.endswith('?'):
                return f'{place}{name!r} is missing'
        known = {name.removesuffix('?'): inner for name, inner in shape.items()}
        items = ((n, value[n], inner) for n, inner in known.items() if n in value)
    else:
        return None
    found = (shape_error(item, inner, f'{key}.{n}' if key else n) for n, item, inner in items)
    return next((error for error in found if error), None)


def _is(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if kind in (int, float):
        number = isinstance(value, int if kind is int else int | float)
        return number and not isinstance(value, bool) and -LARGEST < value < LARGEST
    if kind is str and isinstance(value, str):
        return value.encode(errors='replace').decode() == value  # half a surrogate pair is no text
    return isinstance(value, kind)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f'{text[:37]}...'
