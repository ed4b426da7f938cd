# SPDX-License-Identifier: Apache-2.0
"""Errors for the person who made the mistake: one sentence with place and remedy."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Sentence:
    """An error whose text stays a sentence when a process that loads data hands it on.

    torch raises such an error again with the text of its whole traceback, which ends in it.
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


@contextmanager
def plain_errors() -> Iterator[None]:
    """For command-line tools: prints a user's mistake as a sentence, without a traceback.

    The many frames of mmengine's registries above it help nobody. All other errors pass.
    """
    try:
        yield
    except (UserError, MissingFileError) as error:
        # mmengine raises anew, with the names of its classes in front; the first one is ours
        while isinstance(_before(error), UserError | MissingFileError):
            error = _before(error)
        sys.exit(f'error: {error}')
    except RuntimeError as error:
        chain = [error]  # torch raises one on another
        while _before(chain[-1]) is not None:
            chain.append(_before(chain[-1]))
        sentence = loading_problem('\n'.join(map(str, chain)))
        if sentence is None:
            raise
        sys.exit(f'error: {sentence}')


def loading_problem(text: str) -> str | None:
    """What happened to the processes that load data, from the text of errors of torch.

    Returns:
        str: A sentence with the remedy; None if the text tells of something else.
    """
    go_on = 'then go on with --resume.'
    if re.search('Too many open files|received 0 items of ancdata', text):
        return (
            'Too many files are open in the processes that load data. Raise the limit (ulimit -n) '
            f'or lower num_workers, {go_on}'
        )
    if re.search('Bus error|shared memory (object|limit)|to (write|resize) .*/torch_', text):
        return (
            'The shared memory (/dev/shm), in which the processes that load data hand it on, is '
            f'full or cannot be used. Make it larger (docker run --shm-size), or set num_workers=0 '
            f'and persistent_workers=False, {go_on}'
        )
    killed = re.search(r'DataLoader worker \(pid (\d+)\) is killed by signal: (\w[\w ]*)', text)
    ended = re.search(r'DataLoader worker \(pid\(s\) ([\d, ]+)\) exited unexpectedly', text)
    if killed is None and ended is None:
        return None
    what = f'(pid {killed[1]}) was killed: {killed[2]}' if killed else f'(pid {ended[1]}) ended'
    return (
        f'A process that loads data {what}. Often the memory was full: lower num_workers or '
        f'batch_size, {go_on}'
    )


def _before(error: BaseException) -> BaseException | None:
    """What an error was raised from, or while handling; nothing after ``from None``."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
