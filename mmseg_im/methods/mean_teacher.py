# SPDX-License-Identifier: Apache-2.0
"""Mean Teacher: the student's probabilities follow the teachers'."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError
from .base import SSLMethod
from .student import Samples, Student, Views


def ramp_up(step: int, length: int) -> float:
    r"""Weight of the consistency loss: :math:`e^{-5 (1 - t)^2}`, ``t = step / length`` up to 1."""
    progress = 1.0 if length == 0 else min(step / length, 1.0)
    return math.exp(-5 * (1 - progress) ** 2)


@MODELS.register_module()
class MeanTeacher(SSLMethod):
    r"""Squared difference between the student's and the teachers' probabilities.

    Source: Tarvainen and Valpola, NeurIPS 2017, arXiv 1703.01780:

    .. math:: L = L_x + w(t) \frac{1}{|V| C} \sum_{i \in V} m_i
              \lVert p(\text{student}(x^s)_i) - \bar p_i \rVert^2

    with the mean probability :math:`\bar p` of the voters on the weak view, the pixels :math:`V`
    that are no padding, the ramp :math:`w(t)` of :func:`ramp_up`, and :math:`m_i = 0` where the
    inconsistency mask blocks the label. Views: ``weak``, ``strong``.

    Args:
        teachers: See :class:`SSLMethod`.
        im: See :class:`SSLMethod`.
        ramp_up (int): Iterations in which the weight grows.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('weak', 'strong')

    steps: Tensor
    """Tensor: () int64, the training steps so far."""

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        im: dict[str, Any] | None = None,
        ramp_up: int = 0,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__(teachers, im, sup_weight=sup_weight, unsup_weight=unsup_weight)
        if ramp_up < 0:
            raise UserError(f'model.semi.ramp_up={ramp_up} must be 0 or more iterations.')
        self.ramp_up = ramp_up
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))
        self._step: int | None = None  # the same number on the host

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        pseudo = self.label(student, views['weak'], samples['weak'])
        both = student.joint(views['sup'], samples['sup'], self.paint(views['strong'], pseudo))
        error = (student.label_space.probs(both.logits) - pseudo.prob).square()
        kept = pseudo.weight * pseudo.carries_loss()
        loss = (error * kept).sum() / pseudo.valid.expand_as(error).sum().clamp(min=1)
        loss = self._weight() * loss
        return self.combined(both.losses, dict(loss_consistency=loss))

    def _weight(self) -> float:
        if self._step is None:
            self._step = int(self.steps)  # waits for the device once in a run
        weight = ramp_up(self._step, self.ramp_up)
        self.steps += 1
        self._step += 1
        return weight

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._step = None
