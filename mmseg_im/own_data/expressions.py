# SPDX-License-Identifier: Apache-2.0
"""Regular expressions that a user gives as options."""

import re

from ..errors import UserError


def compiled(option: str, pattern: str, groups: str) -> re.Pattern[str]:
    """Returns an expression with at least one group.

    Args:
        option (str): That it is of, for the message, such as ``--match``.
        pattern (str): The expression.
        groups (str): What to put into brackets, for the message.

    Raises:
        UserError: If it is broken or has no group.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f'{option} {pattern!r} is no regular expression: {error}.') from error
    if expression.groups == 0:
        raise UserError(f'{option} {pattern!r} has no group: put {groups}.')
    return expression
