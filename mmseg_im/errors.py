# SPDX-License-Identifier: Apache-2.0
"""Errors for the person who made the mistake: one sentence with place and remedy."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .disk import disk_problem, log_errors_raised


class UserError(ValueError):
    """A mistake in a config, in the data or on the command line."""


class MissingFileError(FileNotFoundError):
    """A file or folder that a config names and that is not there."""


class DivergedError(UserError):
    """Losses or weights of a training are no longer finite numbers."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """For command-line tools: prints a mistake, or a full disk, as a sentence without a traceback.

    The many frames of mmengine's registries above it help nobody. All other errors pass.
    """
    try:
        with log_errors_raised():
            yield
    except (UserError, MissingFileError) as error:
        # mmengine raises anew, with the names of its classes in front; the first one is ours
        while isinstance(_before(error), UserError | MissingFileError):
            error = _before(error)
        sys.exit(f'error: {error}')
    except OSError as error:
        sentence = disk_problem(error)
        if sentence is None:
            raise
        sys.exit(f'error: {sentence}')


def _before(error: BaseException) -> BaseException | None:
    """What an error was raised from, or while handling; nothing after ``from None``."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
