# SPDX-License-Identifier: Apache-2.0
"""Errors for the user: one sentence that says what is wrong, where, and what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .config_mistakes import config_problem
from .disk import disk_problem, log_errors_raised
from .signals import STATUS, stop_signals
from .workers import loading_problem


class _Sentence(Exception):
    """An error whose text stays a sentence when it comes from a data loading worker.

    torch raises such an error again with a whole traceback as its text, which ends in the sentence.
    """

    def __init__(self, text: str = ''):
        name = f'{type(self).__module__}.{type(self).__qualname__}: '
        if text.startswith('Caught ') and name in text:
            text = text.rpartition(name)[2].strip()
        super().__init__(text)


class UserError(_Sentence, ValueError):
    """A mistake in a config, in the data or on the command line."""


class MissingFileError(_Sentence, FileNotFoundError):
    """A file or folder that a config names and that is not there."""


class DivergedError(UserError):
    """Losses or weights of a training are no longer finite numbers."""


@contextmanager
def plain_errors(stopped: str = 'Stopped.') -> Iterator[None]:
    """Prints an error of the user, or of a full disk, as a sentence without a traceback.

    For command-line tools. Ctrl-C and SIGTERM end with a sentence and status 130 and 143. All
    other errors pass.

    Args:
        stopped (str): The sentence after a signal, such as how to go on.
    """
    with stop_signals() as received:
        try:
            with log_errors_raised():
                yield
        except BaseException as error:
            sentence = _sentence(error)
            if received:
                print(sentence or stopped, file=sys.stderr, flush=True)
                sys.exit(STATUS[received[0]])
            if sentence is None:
                raise
            sys.exit(sentence)


def _sentence(error: BaseException) -> str | None:
    """Returns the message for the user; None if the error is of another kind."""
    if isinstance(error, UserError | MissingFileError):
        # mmengine raises anew, with the names of its classes in front; the first one is ours
        while isinstance(before := _before(error), UserError | MissingFileError):
            error = before
        return f'error: {_printable(str(error))}'
    problem = None
    if isinstance(error, OSError):
        problem = disk_problem(error)
    elif isinstance(error, TypeError | KeyError):
        problem = config_problem(error)
    elif isinstance(error, RuntimeError):
        chain: list[BaseException] = [error]  # torch raises one on another
        while (before := _before(chain[-1])) is not None:
            chain.append(before)
        problem = loading_problem('\n'.join(map(str, chain)))
    return None if problem is None else f'error: {problem}'


def _printable(text: str) -> str:
    """Returns a text without control characters: parts of it may come from a file."""
    return ''.join(c if c.isprintable() or c == '\n' else '?' for c in text)


def _before(error: BaseException) -> BaseException | None:
    """Returns the error from which another was raised; None after ``raise ... from None``."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
