# SPDX-License-Identifier: Apache-2.0
"""Gives memory that is no longer used back to the system."""

import contextlib
import ctypes
import gc


def give_back_memory() -> None:
    """Gives free memory back, before processes that load data are forked.

    A million data infos are objects before they become one array. What they leave behind would be
    written to by this process, and every page then stay with each of the others alone.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
