# SPDX-License-Identifier: Apache-2.0
"""Writes files atomically, and reads JSON files with checks."""

import contextlib
import json
import math
import os
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import MissingFileError, UserError
from ..errors.disk import unwritable
from .json_shape import shape_error

MAX_JSON = 2**30
"""int: Bytes of a JSON file."""


def write_aside(path: str | os.PathLike, content: bytes) -> None:
    """Writes a file atomically: beside its place, then renamed, so that no reader sees half of it.

    Args:
        path (str or PathLike): The file; missing folders are made, an existing file is replaced.
        content (bytes): All of it.

    Raises:
        UserError: If the disk is full or the folder is not writable; nothing is left behind.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    aside = target.with_name(f'.{target.name}.{uuid.uuid4().hex}.tmp')
    try:
        if target.exists() and not target.is_file():  # a device such as /dev/stdout
            target.write_bytes(content)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise UserError(unwritable(path, error)) from error


def check_writable(path: str | os.PathLike) -> None:
    """Checks that a file can be written, before the work whose result it holds; makes no folder.

    Raises:
        UserError: If its folder, or the first one above it that exists, takes no file.
    """
    folder = os.path.dirname(os.path.realpath(path))
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(unwritable(path, error)) from error


def write_json(path: str | os.PathLike, value) -> None:
    """Writes a value as JSON, see :func:`write_aside`; see also :func:`plain_numbers`."""
    write_aside(path, (json.dumps(value, indent=1, allow_nan=False) + '\n').encode())


def plain_numbers(metrics: dict) -> dict[str, float | None]:
    """Returns metrics as floats, with None for NaN (a class that does not occur), as JSON needs."""
    values = {key: float(value) for key, value in metrics.items()}
    return {key: value if math.isfinite(value) else None for key, value in values.items()}


def read_json(path: str | os.PathLike, shape: Any = object, remedy: str = 'Write it again.') -> Any:
    """Reads a JSON file.

    Args:
        path (str or PathLike): The file.
        shape (Any): What it must hold, see :func:`~.json_shape.shape_error`.
        remedy (str): What the user should do if it does not, for the message.

    Returns:
        Any: Of dicts, lists, texts, numbers, flags and None.

    Raises:
        MissingFileError: If it does not exist.
        UserError: If it is damaged or holds something else.
    """
    try:
        if os.path.getsize(path) > MAX_JSON:
            raise ValueError(f'it is larger than {MAX_JSON >> 20} MiB')
        value = parse_json(Path(path).read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise MissingFileError(f'{path} does not exist.') from None
    except (RecursionError, MemoryError) as error:
        raise UserError(f'{path} is damaged (it is nested too deeply). {remedy}') from error
    except (OSError, ValueError) as error:
        raise UserError(f'{path} is damaged ({error}). {remedy}') from error
    problem = shape_error(value, shape)
    if problem:
        raise UserError(f'{path} is damaged ({problem}). {remedy}')
    return value


def parse_json(text: str) -> Any:
    """Returns the value of a JSON text.

    Raises:
        ValueError, RecursionError: If it is none, a key occurs twice, or a number is NaN or inf.
    """
    return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict:
    content = dict(pairs)
    if len(content) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f'{key!r} occurs twice')
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is no number')


def write_png(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes an (H, W) or (H, W, 3) BGR uint8 array as PNG, see :func:`write_aside`."""
    write_aside(path, cv2.imencode('.png', np.ascontiguousarray(image))[1].tobytes())
