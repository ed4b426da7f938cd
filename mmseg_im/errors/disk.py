# SPDX-License-Identifier: Apache-2.0
"""Messages about files that cannot be written."""

import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
    errno.ENAMETOOLONG,
)  # fmt: skip


def unwritable(path: str | os.PathLike, error: OSError) -> str:
    """Returns a sentence that says what cannot be written, why, and how to go on.

    Args:
        path (str or PathLike): File or folder.
        error (OSError): Raised by the system.
    """
    remedy = 'Free space' if error.errno in _FULL else 'Make that possible'
    return (
        f'{path} cannot be written ({error.strerror or error}). {remedy} or choose another folder; '
        'then give the same command again, with --resume if it has that option.'
    )


def disk_problem(error: BaseException | None) -> str | None:
    """Returns the sentence for a disk error that another package's code raised.

    Args:
        error (BaseException): mmengine may have raised it anew, with a text and nothing else.

    Returns:
        str: The sentence; None for another kind of error.
    """
    first, name = None, None
    while isinstance(error, OSError) and name is None:
        if error.errno in _FULL + _CLOSED:
            first, name = first or error, error.filename or _open_file(error)
        error = error.__cause__ or error.__context__
    return None if first is None else unwritable(name or 'A file', first)


def _open_file(error: OSError) -> str | None:
    """Returns the file that was being written: an error of ``write`` or ``close`` names none."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):  # the innermost comes last
        for value in frame.f_locals.values():
            if isinstance(value, logging.FileHandler):  # mmengine writes to its stream
                found = value.baseFilename
            elif isinstance(value, io.IOBase):
                name = getattr(value, 'name', None)
                found = os.fspath(name) if isinstance(name, str | os.PathLike) else found
    return found


@contextmanager
def log_errors_raised() -> Iterator[None]:
    """Makes a log file that cannot be written raise an OSError.

    ``logging`` alone prints a traceback for every line that is lost, and goes on.
    """
    # a method is replaced on purpose, and put back below
    logging.StreamHandler.handleError = _raise_disk_errors  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        del logging.StreamHandler.handleError  # the base class has one


def _raise_disk_errors(handler: logging.StreamHandler, record: logging.LogRecord) -> None:
    error = sys.exc_info()[1]
    if isinstance(error, OSError) and error.errno in _FULL + _CLOSED:
        name = getattr(handler, 'baseFilename', None) or getattr(handler.stream, 'name', None)
        raise OSError(error.errno, error.strerror, name) from error
    logging.Handler.handleError(handler, record)
