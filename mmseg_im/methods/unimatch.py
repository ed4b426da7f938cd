# SPDX-License-Identifier: Apache-2.0
"""UniMatch V1: two strong views and a view with dropped features."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError
from .base import SSLMethod
from .mixing import cutmix, sample_box_mask
from .options import check_shares, refuse_cascade
from .pseudo_label_loss import PseudoLabel, Target, pseudo_label_loss
from .student import Samples, Student, Views

PARTNERS = ('batch', 'image')


@MODELS.register_module()
class UniMatch(SSLMethod):
    r"""The student's own weak prediction teaches two strong views and its perturbed features.

    Source: Yang et al., CVPR 2023, arXiv 2208.09910:

    .. math:: L = \tfrac12 \left( L_x + \tfrac14 L_{s_1} + \tfrac14 L_{s_2} + \tfrac12 L_{fp}
              \right), \quad L_v = \frac{1}{|V|} \sum_{i \in V} [c_i \ge \tau]\,
              CE(\text{logits}^v_i, \hat y_i)

    The labeled images and the weak view make one batch, whose decoder sees plain features and
    copies with whole channels dropped. The label is the train-mode prediction of the weak view;
    with ``im``, every view of every teacher votes beside it. The perturbed branch sees the weak
    image before there is a mask, so that its masked pixels lose their label and are not painted.

    Views: ``weak``, ``strong1``, ``strong2``; with ``partner='image'`` also ``mix_weak``,
    ``mix_strong1``, ``mix_strong2``.

    Args:
        teachers: See :class:`SSLMethod`; published: the student in eval mode, which labels what
            CutMix pastes if ``partner='image'``.
        im: See :class:`SSLMethod`.
        threshold (float): :math:`\tau` in [0, 1]; published: 0 on Cityscapes, 0.95 elsewhere.
        cutmix_prob (float): Probability that an image gets a box, in [0, 1].
        dropout (float): Probability that a channel is dropped, in [0, 1).
        partner (str): What CutMix pastes: ``'image'``, another crop of the same image, as the
            published code does; ``'batch'``, the neighbour in the batch, which the authors meant.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]] = (dict(type='SelfTeacher'),),
        im: dict[str, Any] | None = None,
        threshold: float = 0.95,
        cutmix_prob: float = 0.5,
        dropout: float = 0.5,
        partner: str = 'batch',
        sup_weight: float = 0.5,
        unsup_weight: float = 0.5,
    ):
        if partner not in PARTNERS:
            raise UserError(f"model.semi.partner={partner!r} must be 'batch' or 'image'.")
        self.own_voters = int(partner == 'batch')  # of what is pasted, only teachers know
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)
        check_shares(cutmix_prob=cutmix_prob, dropout=dropout)
        self.cutmix_prob = cutmix_prob
        self.dropout = dropout
        self.views = ('weak', 'strong1', 'strong2')
        if partner == 'image':
            self.views += tuple(f'mix_{name}' for name in self.views)
        self.partner = partner

    def bind(self, student: Student) -> None:
        refuse_cascade(self, student)
        super().bind(student)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        space = student.label_space
        other = None
        if self.partner == 'image':  # before the student leaves its statistics of this batch
            other = self.label(student, views['mix_weak'], samples['mix_weak'])
        both = student.joint(views['sup'], samples['sup'], views['weak'], perturb=self._drop)
        votes: Iterable[Tensor] = [both.logits.detach()]
        if self.im is not None:
            votes = itertools.chain(votes, self.votes(student, views['weak']))
        pseudo = self.label(student, views['weak'], samples['weak'], votes)
        if other is not None:
            self.last_pseudo = replace(pseudo, finite=pseudo.finite & other.finite)
        images, targets = zip(
            *(self._mixed(views, name, pseudo, other) for name in ('strong1', 'strong2')),
            strict=True,
        )
        first, second = student.logits(torch.cat(images)).chunk(2)
        return self.combined(
            both.losses,
            dict(
                loss_strong1=pseudo_label_loss(space, first, targets[0]) / 4,
                loss_strong2=pseudo_label_loss(space, second, targets[1]) / 4,
                loss_features=pseudo_label_loss(space, both.perturbed, pseudo) / 2,
            ),
        )

    def _drop(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(F.dropout2d(x, self.dropout) for x in features)

    def _mixed(
        self, views: Views, name: str, pseudo: PseudoLabel, other: PseudoLabel | None
    ) -> tuple[Tensor, Target]:
        """One strong view (N, 3, H, W) and its target, painted, then with a box of the partner."""
        image = self.paint(views[name], pseudo)
        inside = sample_box_mask(image, self.cutmix_prob)
        if other is None:
            return cutmix(image, pseudo, inside)
        source = self.paint(views[f'mix_{name}'], other), other
        return cutmix(image, pseudo, inside, lambda x: x, source)
