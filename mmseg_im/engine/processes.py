# SPDX-License-Identifier: Apache-2.0
"""Work that one of several processes does for all."""

from collections.abc import Callable

from mmengine.dist import broadcast_object_list, is_main_process

from ..errors import UserError


def on_main_process(action: Callable, share: bool = True):
    """Runs something in one process; a mistake that it finds ends all of them.

    Args:
        action (Callable): What to do.
        share (bool): Whether to hand its result to all processes; otherwise they get None.
    """
    result, problem = None, None
    if is_main_process():
        try:
            result = action()
        except (UserError, OSError) as error:
            problem = error
    message = [problem if problem is None else str(problem), result if share else None]
    broadcast_object_list(message)
    if problem is not None:
        raise problem
    if message[0] is not None:
        raise UserError(message[0])
    return message[1] if share else result
