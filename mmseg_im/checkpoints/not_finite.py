# SPDX-License-Identifier: Apache-2.0
"""Finds weights of a network that are NaN or infinite."""

from collections.abc import Callable, Mapping

import torch
from torch import nn


def not_finite(network: nn.Module) -> str | None:
    """Returns the name of the first weight that holds NaN or inf, in one read from the device.

    Buffers may hold inf, as masks of attention do, but not the statistics of a normalisation.

    Args:
        network (nn.Module): Its parameters and buffers are checked, those of teachers and of the
            method included.
    """
    parameters = {name for name, _ in network.named_parameters(remove_duplicate=False)}
    return first_not_finite(network.state_dict(), parameters.__contains__)


def first_not_finite(
    state_dict: Mapping[str, object], is_parameter: Callable[[str], bool]
) -> str | None:
    """Returns the name of the first tensor that holds NaN or inf, see :func:`not_finite`.

    Args:
        state_dict (Mapping[str, object]): Values that are no floating tensors are left out.
        is_parameter (Callable[[str], bool]): Tells parameters from buffers by their names.
    """
    found = {}
    for name, value in state_dict.items():
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            continue
        strict = is_parameter(name) or name.endswith(('.running_mean', '.running_var'))
        found[name] = ~value.isfinite().all() if strict else value.isnan().any()
    if not found:
        return None
    flags = torch.stack(list(found.values())).tolist()
    return next((name for name, flag in zip(found, flags, strict=True) if flag), None)
