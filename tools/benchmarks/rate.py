# SPDX-License-Identifier: Apache-2.0
"""Arithmetic of a step, and what the device can do."""

import time
from collections.abc import Callable

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def count_flops(step: Callable[[], None]) -> int:
    """Floating-point operations of convolutions, matrix products and attention in one call."""
    # as two products: the fused attention of a CPU is not counted
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def matrix_rate(dtype: torch.dtype, device: str) -> float:
    """Floating-point operations a second in the product of two large square matrices.

    Float32 counts with TF32 where convolutions may use it, which is torch's default.

    Args:
        dtype (torch.dtype): Of the matrices.
        device (str): ``'cpu'`` or ``'cuda'``.
    """
    side = 8192 if device == 'cuda' else 1024
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    seconds = []
    for _ in range(10):
        begun = time.perf_counter()
        torch.mm(a, b)
        if device == 'cuda':
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begun)
    return 2 * side**3 / min(seconds)
