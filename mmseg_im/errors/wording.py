# SPDX-License-Identifier: Apache-2.0
"""Words of messages: numbers with their noun, lists, and names that were meant."""

import difflib
from collections.abc import Iterable, Sequence


def counted(number: int, noun: str, plural: str = '') -> str:
    """Returns ``1 image`` or ``3 images``.

    Args:
        number (int): How many.
        noun (str): Of one.
        plural (str): Of many, if it is not the noun and an "s".
    """
    return f'{number} {noun if number == 1 else plural or noun + "s"}'


def listed(items: Sequence[str], most: int = 10) -> str:
    """Returns ``a, b, c and 7 more``.

    Args:
        items (Sequence[str]): All of them.
        most (int): How many are shown.
    """
    more = f' and {len(items) - most} more' if len(items) > most else ''
    return ', '.join(items[:most]) + more


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Returns a question that suggests the most similar of the known names, for an error message.

    Args:
        name (str): As the user wrote it.
        known (Iterable[str]): The names that are possible.
        cutoff (float): Least similarity in [0, 1], see :func:`difflib.get_close_matches`.

    Returns:
        str: Such as ``" Did you mean 'threshold'?"``, with a leading space; empty if no name is
        similar.
    """
    close = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f' Did you mean {close[0]!r}?' if close else ''
