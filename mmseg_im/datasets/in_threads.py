# SPDX-License-Identifier: Apache-2.0
"""Calls a function for many files, in threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from mmengine.dist import is_main_process
from rich.progress import track

THREADS = 8
PORTION = 64  # items that a thread takes at a time, because a check is as cheap as a hand-over
MANY = 2000
"""int: Items from which on a bar shows the progress."""
Item = TypeVar('Item')
Result = TypeVar('Result')


def in_threads(
    call: Callable[[Item], Result],
    items: Iterable[Item],
    count: int,
    what: str,
    threads: int = THREADS,
) -> Iterator[Result]:
    """Yields the results of a function for all items, in their order.

    Items are taken when threads are free for them, and results are not kept.

    Args:
        call (Callable): The function; its first error ends the others.
        items (Iterable): Of any number.
        count (int): Their number.
        what (str): For the bar, which is shown of 2000 items or more.
        threads (int): That call at the same time.
    """
    quiet = count < MANY or not is_main_process()
    results = _in_order(call, iter(items), PORTION if count >= PORTION * threads else 1, threads)
    yield from track(results, what, count, transient=True, disable=quiet)


def _in_order(
    call: Callable[[Item], Result], items: Iterator[Item], portion: int, threads: int
) -> Iterator[Result]:
    def call_all(some: list[Item]) -> list[Result]:
        return [call(item) for item in some]

    waiting: deque[Future[list[Result]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            while some := list(islice(items, portion)):
                waiting.append(pool.submit(call_all, some))
                if len(waiting) > 2 * threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for job in waiting:
                job.cancel()
