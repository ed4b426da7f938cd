# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, which Slurm, Kubernetes and ``timeout`` send, behaves as Ctrl-C does."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""dict[Signals, int]: Exit status of a command that such a signal ended, as shells count."""


class Terminated(KeyboardInterrupt):
    """Raised in the main thread when SIGTERM comes."""


@contextmanager
def sigterm_raises() -> Iterator[list[signal.Signals]]:
    """Has SIGTERM raise :class:`Terminated` within a ``with`` block.

    Yields:
        list[Signals]: Gets the signal when it comes: what it raises may reach the caller as
        another error, if workers ended by the same signal are noticed on the way.
    """
    received: list[signal.Signals] = []
    owner = os.getpid()
    last = -1.0

    def handle(number, frame) -> None:
        nonlocal last
        if os.getpid() != owner:  # a forked worker
            os._exit(STATUS[signal.SIGTERM])
        again, last = time.monotonic() - last < 1, time.monotonic()
        if received and again:  # ``timeout`` signals a process and then its group
            return
        received.append(signal.Signals(number))
        raise Terminated

    usual = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not usual or threading.current_thread() is not threading.main_thread():
        yield received
        return
    signal.signal(signal.SIGTERM, handle)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN if received else signal.SIG_DFL)
