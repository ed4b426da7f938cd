# SPDX-License-Identifier: Apache-2.0
"""Makes SIGTERM behave as Ctrl-C does, and child processes end with their parent."""

import ctypes
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STATUS: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""dict[int, int]: Exit status of a command that such a signal ended, as shells count."""

_LIBC = ctypes.CDLL(None) if sys.platform.startswith('linux') else None  # before a fork


class Terminated(KeyboardInterrupt):
    """Raised in the main thread when SIGTERM comes."""


@contextmanager
def stop_signals() -> Iterator[list[signal.Signals]]:
    """Makes Ctrl-C and SIGTERM (of Slurm, Kubernetes, ``timeout``) raise a KeyboardInterrupt.

    Yields:
        list[Signals]: Gets the signal when it comes. What it raises may reach the caller as
        another error: mmengine catches everything while it writes a config.
    """
    received: list[signal.Signals] = []
    owner = os.getpid()
    last = -math.inf

    def handle(number: int, frame) -> None:
        nonlocal last
        if os.getpid() != owner:  # a forked worker
            os._exit(STATUS[number])
        again, last = time.monotonic() - last < 1, time.monotonic()
        if again:  # ``timeout`` signals a process and then its group
            return
        received.append(signal.Signals(number))
        # torch's handler would report each worker that ends now; not SIG_DFL, of which Python
        # prints a traceback where the signal of a worker is on its way already
        if hasattr(signal, 'SIGCHLD'):
            signal.signal(signal.SIGCHLD, lambda *_: None)
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    usual: dict[signal.Signals, Callable | signal.Handlers] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    taken = []
    if threading.current_thread() is threading.main_thread():
        taken = [number for number, handler in usual.items() if signal.getsignal(number) is handler]
    for number in taken:
        signal.signal(number, handle)
    try:
        yield received
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_IGN if received else usual[number])


def end_children_with_us() -> None:
    """Makes Linux end every process that this one forks from now on when this one is killed.

    On other systems torch's workers notice it after five seconds or more.
    """
    if not sys.platform.startswith('linux'):
        return
    owner = os.getpid()

    def after_fork() -> None:
        parent = os.getppid()
        end_with_parent()
        if parent == owner != os.getppid():  # it was killed in between
            os._exit(1)

    os.register_at_fork(after_in_child=after_fork)


def end_with_parent() -> None:
    """Makes Linux end this process when the one that started it ends."""
    if _LIBC is not None:
        set_death_signal = 1  # PR_SET_PDEATHSIG
        _LIBC.prctl(set_death_signal, signal.SIGKILL)
