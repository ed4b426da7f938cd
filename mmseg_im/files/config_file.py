# SPDX-License-Identifier: Apache-2.0
"""Reads the config that a command line names."""

import os

from mmengine.config import Config

from ..errors import MissingFileError, UserError

SUFFIXES = '.py', '.json', '.yaml', '.yml'


def read_config(path: str | os.PathLike) -> Config:
    """Returns a config.

    Raises:
        MissingFileError: If there is no such file.
        UserError: If it is a file of another kind, such as a checkpoint in its place.
    """
    if not os.path.isfile(path):
        raise MissingFileError(f'{path} does not exist, or is a folder: name a config.')
    if os.path.splitext(path)[1] not in SUFFIXES:
        raise UserError(
            f'{path} is no config: those end in {", ".join(SUFFIXES)}. Look at the order of the '
            'arguments.'
        )
    return Config.fromfile(path)
