# SPDX-License-Identifier: Apache-2.0
"""Consistency loss: the student predicts the same from two noisy views."""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .base import SSLMethod
from .pseudo_label import valid_pixels
from .student import Samples, Student, Views


@MODELS.register_module()
class ConsistencyLoss(SSLMethod):
    r"""Squared difference between the predictions of two strong views; there is no teacher.

    Source: the baseline of Vorndran and Roeck, arXiv 2401.14387, after Laine and Aila, arXiv
    1610.02242:

    .. math:: L = L_x + \frac{1}{|V| C} \sum_{i \in V} \lVert p(x^1)_i - p(x^2)_i \rVert^2

    over the pixels :math:`V` that are no padding; the gradient goes through both predictions.
    Views: ``strong1``, ``strong2``. The original starts from a network that was trained on the
    labeled images (``load_from``).

    Args:
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('strong1', 'strong2')
    needs_teachers = False

    def __init__(self, sup_weight: float = 1.0, unsup_weight: float = 1.0):
        super().__init__((), sup_weight=sup_weight, unsup_weight=unsup_weight)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        # one pass, so that batch norm sees both views together
        logits = student.logits(torch.cat([views['strong1'], views['strong2']]))
        first, second = student.label_space.probs(logits).chunk(2)
        valid = valid_pixels(samples['strong1'])
        error = (first - second).square() * valid
        loss = error.sum() / valid.expand_as(error).sum().clamp(min=1)
        supervised = student.supervised(views['sup'], samples['sup'])
        return self.combined(supervised, dict(loss_consistency=loss))
