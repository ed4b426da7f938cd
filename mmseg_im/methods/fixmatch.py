# SPDX-License-Identifier: Apache-2.0
"""FixMatch for segmentation: a weak view teaches a strong one."""

from collections.abc import Sequence
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor

from .base import SSLMethod
from .mixing import cutmix, sample_box_mask
from .options import check_shares
from .pseudo_label import pseudo_label_loss
from .student import Samples, Student, Views


@MODELS.register_module()
class FixMatch(SSLMethod):
    r"""Weak-to-strong consistency with a confidence threshold and CutMix.

    Source: Sohn et al., arXiv 2001.07685, in the form for segmentation of UniMatch (Yang et al.,
    CVPR 2023, arXiv 2208.09910):

    .. math:: L = \tfrac12 L_x + \tfrac12 \frac{1}{|V|} \sum_{i \in V} [c_i \ge \tau]\,
              CE(\text{student}(x^s)_i, \hat y_i)

    with the teachers' confidence :math:`c` and label :math:`\hat y` of the weak view and the
    pixels :math:`V` that are no padding. The student sees :math:`x` and :math:`x^s` in one batch,
    as in UniMatch V2's FixMatch. Views: ``weak``, ``strong``.

    Args:
        teachers: See :class:`SSLMethod`.
        im: See :class:`SSLMethod`.
        threshold (float): :math:`\tau` in [0, 1]; 0 keeps every pixel.
        cutmix_prob (float): Probability that an image gets a box of another one, in [0, 1].
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('weak', 'strong')

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        im: dict[str, Any] | None = None,
        threshold: float = 0.95,
        cutmix_prob: float = 0.5,
        sup_weight: float = 0.5,
        unsup_weight: float = 0.5,
    ):
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)
        check_shares(cutmix_prob=cutmix_prob)
        self.cutmix_prob = cutmix_prob

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        pseudo = self.label(student, views['weak'], samples['weak'])
        image = self.paint(views['strong'], pseudo)
        image, target = cutmix(image, pseudo, sample_box_mask(image, self.cutmix_prob))
        both = student.joint(views['sup'], samples['sup'], image)
        loss = pseudo_label_loss(student.label_space, both.logits, target)
        return self.combined(both.losses, dict(loss_strong=loss))
