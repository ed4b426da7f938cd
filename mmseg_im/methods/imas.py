# SPDX-License-Identifier: Apache-2.0
"""iMAS: every image is trained as strongly as it is easy."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError
from ..labels.spaces import LabelSpace
from ..teachers.networks import predict
from .base import SSLMethod
from .mixing import box_mask, centred_boxes, cutmix
from .pseudo_label import Target
from .student import Samples, Student, Views


def weighted_iou(found: Tensor, reference: Tensor, ignore_class: int | None = None) -> Tensor:
    """IoU of the classes, weighted with their pixels in the reference, for each image.

    Args:
        found (Tensor): (N, C, H, W) bool, where each class is.
        reference (Tensor): Likewise.
        ignore_class (int, optional): Its weight is 0.

    Returns:
        Tensor: (N,) float32 in [0, 1]; 0 if no class has a weight.
    """
    union = (found | reference).flatten(2).sum(dim=2)
    iou = (found & reference).flatten(2).sum(dim=2) / union.clamp(min=1)
    pixels = reference.flatten(2).sum(dim=2).float()
    if ignore_class is not None:
        pixels[:, ignore_class] = 0
    return (iou * pixels).sum(dim=1) / pixels.sum(dim=1).clamp(min=1)


def easiness(
    space: LabelSpace,
    student: Tensor,
    teacher: Tensor,
    valid: Tensor,
    threshold: float,
    ignore_class: int | None = None,
) -> Tensor:
    r"""How easy each image is (the paper's hardness: large values are easy).

    .. math:: \gamma = \tfrac12 \left( wIoU(s|t)\, r_t + wIoU(t|s)\, r_s \right)

    with the share :math:`r` of valid pixels whose confidence reaches the threshold.

    Args:
        space (LabelSpace): The task.
        student (Tensor): (N, C, H, W) probabilities.
        teacher (Tensor): Likewise.
        valid (Tensor): (N, 1, H, W) bool.
        threshold (float): In [0, 1].
        ignore_class (int, optional): See :func:`weighted_iou`; published: 0.

    Returns:
        Tensor: (N,) float32 in [0, 1].
    """
    maps, shares = [], []
    for prob in (student, teacher):
        label = space.hard(prob)
        sure = (space.confidence(prob, label) >= threshold) & valid
        known = valid.expand_as(sure)
        shares.append(sure.flatten(1).sum(dim=1) / known.flatten(1).sum(dim=1).clamp(min=1))
        maps.append(space.class_maps(label) & valid)
    s, t = maps
    r_s, r_t = shares
    gamma = weighted_iou(s, t, ignore_class) * r_t + weighted_iou(t, s, ignore_class) * r_s
    return gamma / 2


def instance_loss(space: LabelSpace, logits: Tensor, target: Target, gamma: Tensor) -> Tensor:
    r""":math:`\frac1B \sum_b \gamma_b \frac{1}{|V_b|} \sum_{i \in V_b} w_i CE_i`."""
    kept = target.weight * target.valid
    loss = (space.pixel_loss(logits, target.label) * kept).flatten(1).sum(dim=1)
    known = target.valid.expand_as(kept).flatten(1).sum(dim=1).clamp(min=1)
    return (gamma * loss / known).mean()


@MODELS.register_module()
class IMAS(SSLMethod):
    r"""Augmentation and loss follow how far student and teacher agree on an image.

    Source: Zhao et al., CVPR 2023, "Instance-specific and Model-adaptive Supervision":

    .. math:: L = L_x + \lambda \begin{cases} \tfrac12 (L_u(x^s) + L_u(x^{cm})) &
              u < \bar\gamma \\ L_u(x^s) & \text{else} \end{cases}

    with :func:`easiness` :math:`\gamma`, :func:`instance_loss` :math:`L_u`, the strong view blended
    with the weak one as :math:`\gamma x^s + (1 - \gamma) x^w`, and CutMix on the weak view between
    the easiest and the hardest image, the second easiest and second hardest, and so on. Labeled,
    weak, mixed and strong images make one batch; the mixed ones are always in it, so that nobody
    waits for :math:`\bar\gamma`, and weigh 0 where the published code skips them. Padding does not
    count (it does there). Views: ``weak``, ``strong``.

    Args:
        teachers: See :class:`SSLMethod`; published: an EMA with momentum 0.004.
        im: See :class:`SSLMethod`.
        threshold (float): :math:`\tau` in [0, 1]; published: 0.7 on Cityscapes, 0.95 on VOC.
        ignore_class (int, optional): Class without a weight in :math:`\gamma`; published: 0, which
            is background on VOC, but road on Cityscapes.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight (float): :math:`\lambda`; published: 3.
    """

    views = ('weak', 'strong')

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        im: dict[str, Any] | None = None,
        threshold: float = 0.7,
        ignore_class: int | None = None,
        sup_weight: float = 1.0,
        unsup_weight: float = 3.0,
    ):
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)
        self.ignore_class = ignore_class

    def bind(self, student: Student) -> None:
        if self.ignore_class is not None and not 0 <= self.ignore_class < student.num_classes:
            raise UserError(
                f'model.semi.ignore_class={self.ignore_class} is none of the '
                f'{student.num_classes} classes.'
            )
        super().bind(student)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        space, weak = student.label_space, views['weak']
        pseudo = self.label(student, weak, samples['weak'])
        own = space.probs(predict(student, weak))
        gamma = easiness(space, own, pseudo.prob, pseudo.valid, self.threshold, self.ignore_class)
        share = gamma.view(-1, 1, 1, 1)
        strong = self.paint(share * views['strong'] + (1 - share) * weak, pseudo)
        mixed, target = self.cutmix(self.paint(weak, pseudo), pseudo, gamma)
        others = torch.cat([weak, mixed, strong])
        both = student.joint(views['sup'], samples['sup'], others)
        _, of_mixed, of_strong = both.logits.chunk(3)
        is_mixed = (torch.rand((), device=gamma.device) < gamma.mean()).float()
        loss_mixed = instance_loss(space, of_mixed, target, gamma) * is_mixed / 2
        loss_strong = instance_loss(space, of_strong, pseudo, gamma) * (1 - is_mixed / 2)
        return self.combined(
            both.losses,
            dict(
                loss_strong=loss_strong,
                loss_mixed=loss_mixed,
                easiness=gamma.mean(),
            ),
        )

    def cutmix(self, image: Tensor, target: Target, gamma: Tensor) -> tuple[Tensor, Target]:
        """Pastes a box of the k-th easiest image into the k-th hardest one.

        Args:
            image (Tensor): (N, 3, H, W).
            target (Target): Of these images.
            gamma (Tensor): (N,) in [0, 1], large for easy images.
        """
        rank = gamma.argsort(stable=True)
        partner = torch.empty_like(rank).scatter_(0, rank, rank.flip(0))
        size = image.shape[2:]
        side = 0.1 + 0.8 * float(torch.rand(()))
        inside = box_mask(centred_boxes(len(image), size, side, margin=16), size, image.device)
        return cutmix(image, target, inside, lambda x: x[partner])
