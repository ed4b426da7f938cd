# SPDX-License-Identifier: Apache-2.0
"""Words of messages that depend on a number."""

from collections.abc import Sequence


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
