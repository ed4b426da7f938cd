# SPDX-License-Identifier: Apache-2.0
"""Writes a folder that is whole or not there."""

import contextlib
import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError
from ..errors.disk import unwritable


def check_is_free(out: Path, option: str = '--out') -> None:
    """Raises a UserError if something other than an empty folder is at a place.

    Args:
        out (Path): The place.
        option (str): What names it, for the message.
    """
    if os.path.lexists(out) and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f'{out} exists and is not empty. Choose another {option}, or remove it.')


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Makes a folder beside ``out``, which takes its place when the ``with`` block has ended well.

    Args:
        out (Path): Where the folder will be; nothing, or an empty folder.

    Yields:
        Path: The folder to fill.

    Raises:
        UserError: If there is other content, or the disk is full or not writable; nothing is left
            behind.
    """
    out = Path(os.path.abspath(out))
    check_is_free(out)
    for left in out.parent.glob(f'.{glob.escape(out.name)}.*.tmp'):  # by a killed run
        shutil.rmtree(left, ignore_errors=True)
    aside = out.parent / f'.{out.name}.{uuid.uuid4().hex}.tmp'
    try:
        aside.mkdir(parents=True)
        yield aside
        check_is_free(out)
        os.replace(aside, out)
    except OSError as error:
        raise UserError(unwritable(out, error)) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
