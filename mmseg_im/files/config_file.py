# SPDX-License-Identifier: Apache-2.0
"""Reads the config that a command line names."""

import os
import traceback
from collections.abc import Mapping

from mmengine.config import Config

from ..errors import MissingFileError, UserError

SUFFIXES = '.py', '.json', '.yaml', '.yml'


def read_config(path: str | os.PathLike, named: str = '') -> Config:
    """Returns a config.

    Args:
        path (str or PathLike): Its file.
        named (str): What names the file, such as ``'--config'``; nothing for an argument.

    Raises:
        MissingFileError: If there is no such file.
        UserError: If it is a file of another kind, such as a checkpoint in its place, or cannot be
            read.
    """
    path = os.fspath(path)
    shown = f'{named}: {path}' if named else path
    if not os.path.isfile(path):
        raise MissingFileError(
            f'{shown} does not exist, or is a folder: name a config; configs/ holds those of this '
            'project.'
        )
    if os.path.splitext(path)[1] not in SUFFIXES:
        raise UserError(
            f'{shown} is no config: those end in {", ".join(SUFFIXES)}. Look at the order of the '
            'arguments.'
        )
    try:
        return Config.fromfile(path)
    except Exception as error:  # a config is a program of the user
        raise UserError(
            f'{shown} cannot be read: {type(error).__name__}: {_reason(error)}{_line(error)}. '
            'Correct it, or a config that it names in _base_.'
        ) from error


def merge_options(cfg: Config, options: Mapping | None) -> None:
    """Changes a config in place as ``--cfg-options`` say.

    Raises:
        UserError: If one does not fit.
    """
    try:
        cfg.merge_from_dict(dict(options or {}))
    except Exception as error:  # what mmengine raises depends on what it merges
        raise UserError(
            f'--cfg-options do not fit {cfg.filename}: {_reason(error)}. Write each as '
            'KEY.KEY=VALUE, with the keys of the config.'
        ) from error


def _reason(error: Exception) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return ' '.join(str(text).split()).rstrip('.')


def _line(error: Exception) -> str:
    """The file and the line of the config, or of the base, that failed."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [f'{frame.f_code.co_filename}, line {line}' for frame, line in frames
             if frame.f_code.co_name == '<module>']  # fmt: skip
    return f' ({lines[-1]})' if lines else ''
