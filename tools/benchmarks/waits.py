# SPDX-License-Identifier: Apache-2.0
"""Lines of a training step that make the host wait for the GPU."""

import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

STEPS = 2


def waits(step: Callable[[], None]) -> dict[str, int]:
    """Makes two steps and returns which lines waited, as ``{'losses/accuracy.py:49': 4}``.

    Without a GPU nothing is counted. CUDA reports a wait as a warning at the line of Python that
    asked for a value; waits of the backward pass's own threads have the line of ``backward()``.
    """
    if not torch.cuda.is_available():
        return {}
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode('warn')
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            for _ in range(STEPS):
                step()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    return lines_of(caught)


def lines_of(caught: list[warnings.WarningMessage]) -> dict[str, int]:
    """Counts the warnings about a wait by the last two parts of the file, and the line."""
    return dict(
        Counter(
            f'{"/".join(Path(one.filename).parts[-2:])}:{one.lineno}'
            for one in caught
            if 'synchronizing CUDA operation' in str(one.message)
        )
    )
