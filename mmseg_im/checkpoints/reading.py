# SPDX-License-Identifier: Apache-2.0
"""Reads checkpoints, and says in a sentence why one cannot be read."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from ..errors import MissingFileError, UserError
from .allowed_names import ForbiddenNameError, UnreadableError, attempt
from .building import Builder
from .content_form import check_content, check_weights
from .file_formats import open_checkpoint

TRUST_VARIABLE = 'MMSEG_IM_TRUST_CHECKPOINT'

Place = str | torch.device | dict | Callable | None


class Checkpoint(NamedTuple):
    """Weights and metadata of a checkpoint.

    Attributes:
        weights (dict[str, Tensor]): The file's ``state_dict``, or the file itself if it has none.
        meta (dict): The file's ``meta``; empty if it has none.
    """

    weights: dict[str, Tensor]
    meta: dict


def read_checkpoint(path: str, map_location: Place = 'cpu', logger: str = 'silent') -> Checkpoint:
    """Reads weights and metadata of a checkpoint, of a path or URL that mmengine knows.

    Args:
        path (str): File or URL.
        map_location: Device of the tensors.
        logger (str): Logger of mmengine's message about it.

    Raises:
        MissingFileError: If there is no such file.
        UserError: If it cannot be read or holds no weights.
    """
    content = CheckpointLoader.load_checkpoint(str(path), map_location, logger)
    weights = content.get('state_dict', content)
    try:
        check_weights(weights, 'its content')
        if not weights:
            raise UnreadableError('it holds no weights')
    except UnreadableError as error:
        raise _refusal(path, error) from None
    return Checkpoint(weights, content.get('meta') or {} if weights is not content else {})


def is_trusted(filename: str) -> bool:
    """Returns whether the user named this file or URL in ``MMSEG_IM_TRUST_CHECKPOINT``.

    The variable holds one file or URL, or several files separated like those of ``PATH``. A URL
    stands alone and is compared letter by letter: it is no path, and its colons separate nothing.
    """

    def absolute(path: str) -> str:
        return os.path.abspath(os.path.expanduser(path))

    value = os.environ.get(TRUST_VARIABLE, '')
    if filename == value:
        return True
    if '://' in value or '://' in filename:
        return False
    if os.path.exists(os.path.expanduser(value)):  # its name may hold a colon
        return absolute(filename) == absolute(value)
    return absolute(filename) in map(absolute, filter(None, value.split(os.pathsep)))


def load(file: BinaryIO, filename: str, map_location: Place = None) -> dict:
    """Reads an open checkpoint; nothing in it is executed unless the user trusts it by name.

    Args:
        file (BinaryIO): Seekable.
        filename (str): Path or URL as the user gave it.
        map_location: As of torch.load; None: the CPU, whatever the file says.

    Raises:
        UserError: If it cannot be read.
    """
    try:
        if is_trusted(filename):
            with _environment('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None):
                content = attempt(lambda: torch.load(file, map_location, weights_only=False))
        else:
            opened = open_checkpoint(file)
            content = Builder(opened, lambda raw, where: place(raw, where, map_location)).build()
        check_content(content)
    except UnreadableError as error:
        raise _refusal(filename, error) from error.__cause__
    if not is_trusted(filename):
        # mmengine's resume would execute this text, a config of mmcv 1, as Python
        (content.get('meta') or {}).pop('config', None)
    return content


def load_file(filename: str, map_location: Place = None) -> dict:
    """Reads a checkpoint file, see :func:`load`.

    Raises:
        MissingFileError: If there is no such file.
        UserError: If it cannot be read.
    """
    path = os.path.expanduser(filename)
    if not os.path.exists(path):
        raise MissingFileError(f'The checkpoint {filename} does not exist.')
    if not os.path.isfile(path):
        kind = 'a folder' if os.path.isdir(path) else 'no file'
        raise UserError(f'{filename} cannot be read as a checkpoint: it is {kind}.')
    try:
        with open(path, 'rb') as file:
            return load(file, filename, map_location)
    except OSError as error:
        raise UserError(
            f'{filename} cannot be read ({error.strerror}). Correct its permissions or the disk.'
        ) from error


def place(raw: Tensor, where: str, map_location: Place) -> Tensor:
    """Moves the bytes of a storage to the device that ``map_location`` says.

    Args:
        raw (Tensor): uint8.
        where (str): Device that the file names, such as ``'cuda:0'``.
        map_location: As of torch.load; None: the CPU.
    """
    if isinstance(map_location, dict):
        map_location = map_location.get(where)
    if callable(map_location):
        moved = map_location(raw.untyped_storage(), where)
        return raw if moved is None else torch.empty(0, dtype=raw.dtype, device=moved.device).set_(
            moved
        )  # fmt: skip
    return raw if map_location is None else raw.to(map_location)


def _refusal(filename: str, error: UnreadableError) -> UserError:
    # Parts of the text come from the file: print no control characters, and not pages of it.
    reason = ''.join(c if c.isprintable() else '?' for c in str(error)[:500])
    if isinstance(error, ForbiddenNameError):
        return UserError(
            f'{filename} is refused because loading it would run code: {reason}. If you trust '
            f'where it comes from, set the environment variable {TRUST_VARIABLE}={filename} and '
            'try again.'
        )
    return UserError(
        f'{filename} cannot be read as a checkpoint: {reason}. Name another file, or write or '
        'download it again.'
    )


@contextlib.contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """Sets or, with None, removes one environment variable for the time of a ``with`` block."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before
