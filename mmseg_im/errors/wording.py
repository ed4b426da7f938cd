# SPDX-License-Identifier: Apache-2.0
"""Words of messages that depend on a number."""


def counted(number: int, noun: str, plural: str = '') -> str:
    """Returns ``1 image`` or ``3 images``.

    Args:
        number (int): How many.
        noun (str): Of one.
        plural (str): Of many, if it is not the noun and an "s".
    """
    return f'{number} {noun if number == 1 else plural or noun + "s"}'
