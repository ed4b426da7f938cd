# SPDX-License-Identifier: Apache-2.0
"""A teacher that is the moving average of the student."""

import copy
import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..errors import UserError
from .base import Teacher


def ema_weight(step: int, momentum: float) -> float:
    """Share of the student in the mean after ``step`` optimiser steps: ``max(1 / step, momentum)``.

    This is UniMatch V2's schedule ``min(1 - 1 / (it + 1), 1 - momentum)`` for the old mean, which
    follows the optimiser's step ``it`` = 0, 1, ... Before the first and after the first step the
    mean is a copy of the student.
    """
    return max(1.0 / max(step, 1), momentum)


@MODELS.register_module()
class EMATeacher(Teacher):
    """Exponential moving average of the student: ``t <- (1 - w) t + w s``, see :func:`ema_weight`.

    Parameters are averaged, buffers (BN statistics) copied. mmengine's averaged models read their
    step counter from the device for every parameter; this one never waits for the device.

    Args:
        momentum (float): Final share of the student in each step, in (0, 1]; 0.004 is UniMatch
            V2's decay of 0.996.
        views: See :class:`Teacher`.
        size_divisor: See :class:`Teacher`.
    """

    steps: Tensor
    """Tensor: () int64, the updates so far."""

    def __init__(
        self,
        momentum: float = 0.004,
        views: Sequence[str] = ('identity',),
        size_divisor: int = 1,
    ):
        super().__init__(views, size_divisor)
        if not 0 < momentum <= 1:
            raise UserError(
                f'EMATeacher.momentum={momentum} must lie in (0, 1]: it is the share of the '
                'student in each step, 0.004 for a decay of 0.996.'
            )
        self.momentum = momentum
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))
        self._step: int | None = None  # the same number on the host
        self.weight = 1.0  # of the student in the last update

    def bind(self, student: BaseSegmentor, where: str) -> None:
        self.module = copy.deepcopy(student).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, student: BaseSegmentor) -> None:
        if self._step is None:
            self._step = int(self.steps)
        self.weight = ema_weight(self._step, self.momentum)
        mine = dict(self.module.named_parameters())
        theirs = dict(student.named_parameters())
        means, current = list(mine.values()), [theirs[name] for name in mine]
        if self.weight == 1:  # a mean with what lay in memory before could be NaN
            torch._foreach_copy_(means, current)
        else:
            get_ema_multi_avg_fn(1 - self.weight)(means, current, None)
        buffers = dict(student.named_buffers())
        for name, buffer in self.module.named_buffers():
            buffer.copy_(buffers[name])
        self.steps += 1
        self._step += 1

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Loads all weights, or none: a counter says nothing of weights that begin anew."""
        own = self.state_dict()
        held = [getattr(state_dict.get(prefix + key), 'shape', None) for key in own]
        if held != [value.shape for value in own.values()]:
            if any(shape is not None for shape in held):
                print_log(
                    f'The weights of {prefix.rstrip(".") or "the EMA teacher"} do not fit: it '
                    'begins anew, as a copy of the student.',
                    logger='current',
                    level=logging.WARNING,
                )
            own['steps'] = torch.zeros_like(self.steps)
            state_dict.update({prefix + key: value for key, value in own.items()})
        super()._load_from_state_dict(state_dict, prefix, *args)
        self._step = None
