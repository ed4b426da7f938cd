# SPDX-License-Identifier: Apache-2.0
"""Errors for the person who can help: one sentence with place and remedy."""

import errno
import io
import itertools
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


class UserError(ValueError):
    """A mistake in a config, in the data or on the command line."""


class MissingFileError(FileNotFoundError):
    """A file or folder that a config names and that is not there."""


class DivergedError(UserError):
    """Losses or weights of a training are no longer finite numbers."""


def unwritable(path: str | os.PathLike, error: OSError) -> UserError:
    """The error that says what cannot be written, why, and how to go on.

    Args:
        path (str or PathLike): File or folder.
        error (OSError): What the system said.
    """
    remedy = 'Free space' if error.errno in _FULL else 'Make that possible'
    return UserError(
        f'{path} cannot be written ({error.strerror or error}). {remedy} or choose another folder; '
        'then give the same command again, for a training with --resume.'
    )


@contextmanager
def plain_errors() -> Iterator[None]:
    """For command-line tools: prints a mistake, or a full disk, as a sentence, without a traceback.

    The many frames of mmengine's registries above it help nobody. All other errors pass. A log
    file that cannot be written is an error, too: ``logging`` alone would print a traceback for
    each line and go on.
    """
    logging.StreamHandler.handleError = _log_error
    try:
        yield
    except (UserError, OSError) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        sys.exit(f'error: {sentence}')
    finally:
        del logging.StreamHandler.handleError  # the base class has one


def _sentence(error: BaseException) -> str | None:
    # mmengine raises anew, with the names of its classes in front; the first one is ours
    chain = itertools.takewhile(lambda e: isinstance(e, UserError | OSError), _chain(error))
    first_first = list(chain)[::-1]
    for one in first_first:
        if isinstance(one, UserError | MissingFileError):
            return str(one)
    for one in first_first:
        if one.errno in _FULL + _CLOSED:
            return str(unwritable(one.filename or _open_file(one) or 'A file', one))
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, or while handling, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _open_file(error: OSError) -> str | None:
    """Name of the file that was being written: an error of ``write`` or ``close`` has none."""
    names = [
        value.name
        for frame, _ in traceback.walk_tb(error.__traceback__)
        for value in frame.f_locals.values()
        if isinstance(value, io.IOBase) and isinstance(getattr(value, 'name', None), str)
    ]
    return names[-1] if names else None


def _log_error(handler: logging.StreamHandler, record: logging.LogRecord) -> None:
    error = sys.exc_info()[1]
    if isinstance(error, OSError) and error.errno in _FULL + _CLOSED:
        name = getattr(handler, 'baseFilename', None) or getattr(handler.stream, 'name', 'The log')
        raise unwritable(name, error) from error
    logging.Handler.handleError(handler, record)
