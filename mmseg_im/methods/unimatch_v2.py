# SPDX-License-Identifier: Apache-2.0
"""UniMatch V2: two strong views with complementary channels."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .base import SSLMethod
from .mixing import cutmix, sample_box_mask
from .options import check_shares, refuse_cascade
from .pseudo_label import pseudo_label_loss
from .student import Samples, Student, Views


def complementary_dropout(features: Sequence[Tensor], keep: float = 0.5) -> tuple[Tensor, ...]:
    """Multiplies the channels of two views of each image with ``m`` and ``2 - m``.

    ``m`` is 0 or 2 with equal probability, drawn for each image and channel and shared by all
    maps of equal width. ``floor(keep * N)`` of the N images, chosen at random, stay as they are.

    Args:
        features (Sequence[Tensor]): (2 N, c, h, w) each, the first views of all images and then
            the second ones.
        keep (float): Share of the images without dropout, in [0, 1].
    """
    pairs, device = len(features[0]) // 2, features[0].device
    untouched = torch.randperm(pairs, device=device) < int(keep * pairs)
    masks: dict[int, Tensor] = {}
    for x in features:
        if x.shape[1] not in masks:
            drawn = 2 * torch.randint(2, (pairs, x.shape[1]), device=device)
            drawn = torch.where(untouched.unsqueeze(1), 1, drawn)
            masks[x.shape[1]] = torch.cat([drawn, 2 - drawn])[..., None, None]
    return tuple(x * masks[x.shape[1]].to(x.dtype) for x in features)


@MODELS.register_module()
class UniMatchV2(SSLMethod):
    r"""Two strong views, CutMix with the flipped batch, complementary channel dropout.

    Source: Yang et al., arXiv 2410.10777:

    .. math:: L = \tfrac12 L_x + \tfrac12 \cdot \tfrac12 \sum_{k=1,2} \frac{1}{|V_k|}
              \sum_{i \in V_k} [c_i \ge \tau]\, CE(\text{student}(x^{s_k})_i, \hat y_i)

    with the teachers' confidence :math:`c` and label :math:`\hat y` of the weak view, mixed like
    the image, and the pixels :math:`V_k` that are no padding. The student sees the labeled images
    alone, then both strong views together, whose feature maps pass
    :func:`complementary_dropout`. Views: ``weak``, ``strong1``, ``strong2``.

    Args:
        teachers: See :class:`SSLMethod`; published: ``[dict(type='EMATeacher', momentum=0.004)]``.
        im: See :class:`SSLMethod`.
        threshold (float): :math:`\tau` in [0, 1]; published: 0.95.
        cutmix_prob (float): Probability that an image gets a box, in [0, 1].
        keep (float): Share of the images without dropout, in [0, 1].
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('weak', 'strong1', 'strong2')

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        im: dict[str, Any] | None = None,
        threshold: float = 0.95,
        cutmix_prob: float = 0.5,
        keep: float = 0.5,
        sup_weight: float = 0.5,
        unsup_weight: float = 0.5,
    ):
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)
        check_shares(cutmix_prob=cutmix_prob, keep=keep)
        self.cutmix_prob = cutmix_prob
        self.keep = keep

    def bind(self, student: Student) -> None:
        refuse_cascade(self, student)
        super().bind(student)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        pseudo = self.label(student, views['weak'], samples['weak'])
        mixed = []
        for name in ('strong1', 'strong2'):
            image = self.paint(views[name], pseudo)
            inside = sample_box_mask(image, self.cutmix_prob)
            mixed.append(cutmix(image, pseudo, inside, lambda x: x.flip(0)))
        images, targets = zip(*mixed, strict=True)
        losses = student.supervised(views['sup'], samples['sup'])
        features = complementary_dropout(student.extract_feat(torch.cat(images)), self.keep)
        logits = student.decode(features, views['weak'].shape[2:])
        first, second = (
            pseudo_label_loss(student.label_space, part, target)
            for part, target in zip(logits.chunk(2), targets, strict=True)
        )
        return self.combined(losses, dict(loss_strong1=first / 2, loss_strong2=second / 2))
