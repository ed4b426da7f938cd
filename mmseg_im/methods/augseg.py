# SPDX-License-Identifier: Apache-2.0
"""AugSeg: labeled patches are injected where the teacher is unsure."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ..labels.spaces import LabelSpace
from .base import SSLMethod
from .mixing import box_mask, centred_boxes, cutmix
from .options import refuse_other_sizes
from .pseudo_label_loss import PseudoLabel, Target, annotated, pseudo_label_loss
from .student import Samples, Student, Views


def image_confidence(space: LabelSpace, pseudo: PseudoLabel) -> Tensor:
    r"""How confident the teachers are of each image.

    Args:
        space (LabelSpace): The task.
        pseudo (PseudoLabel): Of N images.

    Returns:
        Tensor: (N,) float32 in [0, 1], the mean of :math:`(1 - H_i / \log C)\, c_i` over the valid
        pixels.
    """
    label = space.hard(pseudo.prob)
    score = (1 - space.entropy(pseudo.prob)) * space.confidence(pseudo.prob, label)
    valid = pseudo.valid.expand_as(score)
    return (score * valid).flatten(1).sum(dim=1) / valid.flatten(1).sum(dim=1).clamp(min=1)


@MODELS.register_module()
class AugSeg(SSLMethod):
    r"""One strong view and an adaptive CutMix that injects labeled patches.

    Source: Zhao et al., CVPR 2023, arXiv 2212.04976:

    .. math:: L = L_x + \frac{w}{|V|} \sum_{i \in V} [c_i \ge \tau]\,
              CE(\text{student}(\tilde x)_i, \tilde y_i)

    :math:`\tilde x`: a copy of image :math:`b` of the strong view gets a box of a labeled image
    with its annotation, with probability :math:`1 - q_b` (:func:`image_confidence`); then every
    image gets a second box of another image's copy. The same permutation of the batch pairs both.
    Boxes: side :math:`\sqrt{1 - \lambda}` of the image, :math:`\lambda \sim Beta(8, 2)` and
    :math:`Beta(4, 4)`. The labeled images are seen in the same batch. Padding does not count (it
    does in the published code). Views: ``weak``, ``strong``.

    Args:
        teachers: See :class:`SSLMethod`; published: an EMA with momentum 0.004 on
            Cityscapes and 0.001 on VOC.
        im: See :class:`SSLMethod`.
        threshold (float): :math:`\tau` in [0, 1]; published: 0 on Cityscapes, 0.95 on VOC.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight (float): :math:`w`.
    """

    views = ('weak', 'strong')

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        im: dict[str, Any] | None = None,
        threshold: float = 0.0,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        space = student.label_space
        refuse_other_sizes(self, views)
        pseudo = self.label(student, views['weak'], samples['weak'])
        image, target = self.inject(
            self.paint(views['strong'], pseudo),
            pseudo,
            views['sup'],
            annotated(samples['sup']),
            image_confidence(space, pseudo),
        )
        both = student.joint(views['sup'], samples['sup'], image)
        loss = pseudo_label_loss(space, both.logits, target)
        return self.combined(both.losses, dict(loss_strong=loss))

    def inject(
        self, image: Tensor, target: Target, labeled: Tensor, annotation: Target, score: Tensor
    ) -> tuple[Tensor, Target]:
        """The adaptive CutMix.

        Args:
            image (Tensor): (N, 3, H, W), strong view.
            target (Target): Its pseudo-labels.
            labeled (Tensor): (N, 3, H, W), labeled images.
            annotation (Target): Their annotations.
            score (Tensor): (N,) confidence of the images in [0, 1].
        """
        size, device = image.shape[2:], image.device
        order = torch.randperm(len(image), device=device)
        unsure = torch.rand(len(image), device=device) > score
        inside = self._boxes(len(image), size, (8.0, 2.0), device)
        inside = inside & unsure.view(-1, 1, 1, 1)
        copies = cutmix(image, target, inside, lambda x: x[order], (labeled, annotation))
        inside = self._boxes(len(image), size, (4.0, 4.0), device)
        return cutmix(image, target, inside, lambda x: x[order], copies)

    def _boxes(
        self,
        num: int,
        size: Sequence[int],
        beta: tuple[float, float],
        device: torch.device | str = 'cpu',
    ) -> Tensor:
        share = 1 - torch.distributions.Beta(*beta).sample()
        return box_mask(centred_boxes(num, size, float(share.sqrt()), margin=8), size, device)
