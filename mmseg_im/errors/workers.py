# SPDX-License-Identifier: Apache-2.0
"""Messages about the processes that load data."""

import re


def loading_problem(text: str) -> str | None:
    """Returns what happened to the processes that load data, from the text of torch's errors.

    Args:
        text (str): Of all errors of the chain.

    Returns:
        str: A sentence with the remedy; None for another kind of error.
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
    if killed:
        what = f'(pid {killed[1]}) was killed: {killed[2]}'
    elif ended:
        what = f'(pid {ended[1]}) ended'
    else:
        return None
    return (
        f'A process that loads data {what}. Often the memory was full: lower num_workers or '
        f'batch_size, {go_on}'
    )
