# SPDX-License-Identifier: Apache-2.0
"""CPS: two networks of one architecture teach each other."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ..labels.spaces import LabelSpace
from ..teachers.networks import build_network, reinitialised
from .base import SSLMethod
from .mixing import cutmix, neighbour, several_box_mask
from .options import check_shares, refuse_cascade
from .pseudo_label_loss import Target, labeled_pixels, pseudo_label_loss
from .student import Samples, Student, Views


@torch.no_grad()
def predicted(space: LabelSpace, logits: Tensor, valid: Tensor) -> Target:
    """The hard label of logits (N, C, H, W) as a target of weight 1."""
    label = space.hard(space.probs(logits))
    return Target(label, torch.ones_like(label, dtype=torch.float32), valid)


@MODELS.register_module()
class CPS(SSLMethod):
    r"""Cross pseudo supervision, on labeled and on unlabeled images, with CutMix.

    Source: Chen et al., CVPR 2021, arXiv 2106.01226. Of two networks that were initialised
    independently, each learns the hard label that the other one predicts:

    .. math:: L = \sum_{a \in \{1, 2\}} L_x^a + w \left( \frac{1}{|V_x|} \sum_{i \in V_x}
              CE(p_a(x)_i, \hat y_b(x)_i) + \frac{1}{|V|} \sum_{i \in V}
              CE(p_a(\tilde x)_i, \tilde y_b(x)_i) \right)

    with the other network :math:`b`, whose label :math:`\hat y_b` is a constant. On labeled images
    the labels come from the same pass; void is labeled, padding is not. On unlabeled images they
    are predicted of the weak view in eval mode (the published code: in train mode) and mixed like
    the student's images :math:`\tilde x`. The published variant with CutMix leaves the labeled
    part out (``labeled_weight=0``). With ``im`` both networks vote (and ``teachers``, if there are
    any) and both learn the agreed label of the unlabeled images.

    The student is the first network, which is published; the second lives in ``semi.second``.
    Views: ``weak``, ``strong``; for the published one, let ``strong`` be the weak view.

    Args:
        second (dict, optional): Config of the second ``SemiSegmentor``, whose images are
            normalised as the student's; None: the student's architecture, initialised anew.
        teachers: See :class:`SSLMethod`; further voters of the mask.
        im: See :class:`SSLMethod`.
        threshold (float): See :class:`SSLMethod`; published: 0.
        cutmix_prob (float): Probability that an image is mixed with its neighbour, in [0, 1].
        labeled_weight (float): Factor of the part on labeled images, of :math:`w`.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight (float): :math:`w`; published with CutMix: 5 on Cityscapes, 1 on VOC.
    """

    views = ('weak', 'strong')
    needs_teachers = False
    own_voters = 2
    network_names = ('second',)

    second: Student
    """Student: The second network, which exists from :meth:`bind` on."""

    def __init__(
        self,
        second: dict[str, Any] | None = None,
        teachers: Sequence[dict[str, Any]] = (),
        im: dict[str, Any] | None = None,
        threshold: float = 0.0,
        cutmix_prob: float = 1.0,
        labeled_weight: float = 1.0,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)
        check_shares(cutmix_prob=cutmix_prob)
        self.cutmix_prob = cutmix_prob
        self.labeled_weight = labeled_weight
        if second is not None:
            self.second = build_network(second, 'model.semi.second')

    def bind(self, student: Student) -> None:
        if not hasattr(self, 'second'):
            self.second = reinitialised(student)
        for network in (student, self.second):
            refuse_cascade(self, network)
        super().bind(student)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        space, networks = student.label_space, (student, self.second)
        of_first, of_second = self.label_each_other(
            student, self.second, views['weak'], samples['weak']
        )
        image = self.paint(views['strong'], of_first)
        inside = several_box_mask(image, self.cutmix_prob)
        image, target_first = cutmix(image, of_first, inside)
        target_second = of_second.mixed(of_second.map(neighbour), inside)
        first, second = (n.joint(views['sup'], samples['sup'], image) for n in networks)
        losses = dict(
            loss_first=pseudo_label_loss(space, first.logits, target_first),
            loss_second=pseudo_label_loss(space, second.logits, target_second),
        )
        if self.labeled_weight:
            one, other = first.labeled_logits, second.labeled_logits
            valid = labeled_pixels(samples['sup'])
            losses['loss_labeled'] = self.labeled_weight * (
                pseudo_label_loss(space, one, predicted(space, other, valid))
                + pseudo_label_loss(space, other, predicted(space, one, valid))
            )
        supervised = {f'second.{key}': value for key, value in second.losses.items()}
        return self.combined({**first.losses, **supervised}, losses)
