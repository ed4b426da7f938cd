# SPDX-License-Identifier: Apache-2.0
"""Teachers: networks that label the weak view. Always in eval mode, never with gradient."""

import copy
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..errors import UserError
from ..labels.logits import pixel_logits
from .networks import eval_mode
from .views import parse_view


class Teacher(BaseModule):
    """Base of all teachers.

    Args:
        views (Sequence[str]): Each view is one voter, see :func:`~.views.parse_view`.
        size_divisor (int): Scaled views are rounded to a multiple of this, for networks that
            need it (16 for mmseg's UNet with five stages, 14 for DINOv2).
    """

    module: BaseSegmentor
    """BaseSegmentor: The network of a teacher that has one of its own."""

    def __init__(self, views: Sequence[str] = ('identity',), size_divisor: int = 1):
        super().__init__()
        if not views or isinstance(views, str):
            raise UserError(f"views={views!r} must be a list of names such as ['identity'].")
        if len(set(views)) < len(views):
            raise UserError(f'views={views!r}: the same view twice is no second opinion.')
        self.views = [parse_view(name, size_divisor) for name in views]

    def bind(self, student: BaseSegmentor, where: str) -> None:
        """Builds what depends on the student, once, before training.

        Args:
            student (BaseSegmentor): A SemiSegmentor without its method.
            where (str): The config key of this teacher, for error messages.
        """

    def update(self, student: BaseSegmentor) -> None:
        """Follows the student; called at the start of every training step."""

    def vote(self, student: BaseSegmentor, image: Tensor) -> Iterator[Tensor]:
        """Predicts a batch in all views; neighbouring views of one size share a forward pass.

        Args:
            student (BaseSegmentor): The network in training.
            image (Tensor): (N, 3, H, W), normalised for the student.

        Yields:
            Tensor: (N, C, H, W) float32 logits at the input size.
        """
        network = self.network(student)
        image = self.adapt(image)
        for _, group in itertools.groupby(self.views, key=lambda view: view.scale):
            views = list(group)
            logits = pixel_logits(network, torch.cat([view.apply(image) for view in views]))
            for view, part in zip(views, logits.chunk(len(views)), strict=True):
                yield view.undo(part.float(), image.shape[2:])

    def network(self, student: BaseSegmentor) -> BaseSegmentor:
        """The segmentor that predicts."""
        return self.module

    def adapt(self, image: Tensor) -> Tensor:
        """Changes the student's normalisation to the teacher's."""
        return image

    def train(self, mode: bool = True) -> 'Teacher':
        """Stays in eval mode whatever ``mode`` says."""
        super().train(False)
        return self

    def init_weights(self) -> None:
        """Does nothing: the weights come from the student or from a checkpoint."""


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

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._step = None


@MODELS.register_module()
class SelfTeacher(Teacher):
    """The student itself, in eval mode (BN running statistics), as in UniMatch V1's mix stream."""

    def vote(self, student: BaseSegmentor, image: Tensor) -> Iterator[Tensor]:
        with eval_mode(student):
            yield from super().vote(student, image)

    def network(self, student: BaseSegmentor) -> BaseSegmentor:
        return student
