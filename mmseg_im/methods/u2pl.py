# SPDX-License-Identifier: Apache-2.0
"""U2PL: unsure pixels lose their label and become negatives of the classes they are not."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX
from ..teachers.ema import EMATeacher
from .base import SSLMethod
from .contrast import Representation, contrast
from .memory_bank import MemoryBank, draw
from .mixing import box_mask, cutmix, half_boxes
from .options import refuse_cascade, refuse_other_sizes
from .percentile import masked_percentiles
from .pseudo_label_loss import Target
from .student import Samples, Student, Views


@MODELS.register_module()
class U2PL(SSLMethod):
    r"""Entropy decides which pseudo-labels count, and unsure pixels are used as negatives.

    Source: Wang et al., CVPR 2022, arXiv 2203.03884. With progress :math:`t` from 0 to 1:

    .. math:: L = L_x + L_u + w_c L_c, \quad L_u = \frac{|V|}{n^2} \sum_{i: H_i < \gamma_t}
              CE(\text{student}(\tilde x)_i, \hat y_i)

    with :math:`\gamma_t` the percentile :math:`100 - 20 (1 - t)` of the teacher's entropy on the
    mixed image, :math:`n` kept pixels, and for every class :math:`c` that occurs

    .. math:: L_c = \frac{1}{|C|} \sum_c \frac1Q \sum_q -\log \frac{e^{\cos(a_q, p_c) / \tau}}
              {e^{\cos(a_q, p_c) / \tau} + \sum_j e^{\cos(a_q, n_j) / \tau}}

    Anchors: vectors of the student where the label is :math:`c`, the entropy is low (percentile
    :math:`20 (1 - t)`; every labeled pixel) and the teacher gives it more than ``min_prob``;
    positive: the teacher's mean there. Negatives, from a memory bank: the teacher's vectors where
    it ranks :math:`c` first to third though the annotation says otherwise, and, among unlabeled
    pixels of high entropy, where it ranks :math:`c` from fourth to twentieth.

    Deliberate differences from the published code: negatives come from labeled pixels, too, and
    need not be labeled :math:`c` (the paper's text; the code makes the two conditions exclude each
    other); negatives of a class come from its own queue also if another class is missing; the
    teacher stays in eval mode; padding does not count; at most ``max_keys`` vectors of a class
    enter the bank in a step and a process. Vectors come from a head on feature maps, not from
    inside the decoder. The labeled and mixed images make one batch. View: ``weak``.

    Args:
        teachers: See :class:`SSLMethod`; the first is an EMA (published: momentum 0.01), which also
            gives entropy and vectors.
        in_channels (Sequence[int]): Channels of the feature maps for the vectors.
        in_index (Sequence[int]): Which maps of the backbone; they are brought to the size of the
            decoder's logits.
        im: See :class:`SSLMethod`.
        drop_percent (float): Share of the pixels, in percent, that is dropped at first.
        low_entropy (float): Percentile of sure, and 100 minus that of unsure pixels, at first.
        ranks (tuple[int, int]): First and last-but-one rank of an unlabeled negative, from 0.
        dim (int): Length of the vectors.
        bank_size (int): Vectors kept for each class; published: 30000.
        max_keys (int): See above.
        num_anchors (int): Q.
        num_negatives (int): Negatives of an anchor.
        temperature (float): :math:`\tau`.
        min_prob (float): See above.
        cutmix_prob (float): Probability that a batch is mixed.
        contrast_weight (float): :math:`w_c`.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('weak',)

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        in_channels: Sequence[int],
        in_index: Sequence[int] = (0, 3),
        im: dict[str, Any] | None = None,
        drop_percent: float = 20.0,
        low_entropy: float = 20.0,
        ranks: tuple[int, int] = (3, 20),
        dim: int = 256,
        bank_size: int = 30_000,
        max_keys: int = 512,
        num_anchors: int = 256,
        num_negatives: int = 50,
        temperature: float = 0.5,
        min_prob: float = 0.3,
        cutmix_prob: float = 0.5,
        contrast_weight: float = 1.0,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__(teachers, im, sup_weight=sup_weight, unsup_weight=unsup_weight)
        if not isinstance(self.teachers[0], EMATeacher):
            raise UserError(
                "model.semi.teachers[0] must be an EMATeacher: U2PL's vectors follow it."
            )
        if len(in_channels) != len(in_index) or max_keys > bank_size:
            raise UserError(
                f'model.semi: in_channels={in_channels} and in_index={in_index} must be equally '
                f'long, and max_keys={max_keys} not more than bank_size={bank_size}.'
            )
        self.in_channels, self.in_index = list(in_channels), list(in_index)
        self.drop_percent, self.low_entropy, self.ranks = drop_percent, low_entropy, ranks
        self.bank_size, self.dim, self.max_keys = bank_size, dim, max_keys
        self.num_anchors, self.num_negatives = num_anchors, num_negatives
        self.temperature, self.min_prob = temperature, min_prob
        self.cutmix_prob, self.contrast_weight = cutmix_prob, contrast_weight
        self.represent = Representation(sum(in_channels), dim, dim)
        self.represent_ema = copy.deepcopy(self.represent).requires_grad_(False)

    def bind(self, student: Student) -> None:
        refuse_cascade(self, student)
        if not student.label_space.head_knows_loss:
            raise UserError("model.semi=U2PL ranks classes, so it needs label_space='multiclass'.")
        if self.ranks[0] >= student.num_classes or self.ranks[0] >= self.ranks[1]:
            raise UserError(
                f'model.semi.ranks={tuple(self.ranks)} with {student.num_classes} classes: no '
                'pixel ranks a class that low, so the contrast would have no negatives. Set it to '
                f'{(min(3, student.num_classes - 1), student.num_classes)}.'
            )
        super().bind(student)
        self.bank = MemoryBank(student.num_classes, self.bank_size, self.dim)

    @torch.no_grad()
    def update_teachers(self, student: Student) -> None:
        super().update_teachers(student)
        weight = self.teachers[0].weight  # as the teacher: parameters averaged, buffers copied
        ema, current = self.represent_ema, self.represent
        for mean, parameter in zip(ema.parameters(), current.parameters(), strict=True):
            mean.lerp_(parameter, weight)
        for copied, buffer in zip(ema.buffers(), current.buffers(), strict=True):
            copied.copy_(buffer)

    def train(self, mode: bool = True) -> 'U2PL':
        super().train(mode)
        self.represent_ema.eval()
        return self

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        refuse_other_sizes(self, views)
        pseudo = self.label(student, views['weak'], samples['weak'])
        image = self.paint(views['weak'], pseudo)
        target: Target = pseudo
        if torch.rand(()) < self.cutmix_prob:  # on the CPU
            size = image.shape[2:]
            inside = box_mask(half_boxes(len(image), size), size, image.device)
            image, target = cutmix(image, pseudo, inside)
        both = student.joint(views['sup'], samples['sup'], image)
        with torch.no_grad():
            teacher = self.teachers[0].module
            features = teacher.extract_feat(torch.cat([views['sup'], image]))
            raw = teacher.decode_head.forward(features)
            keys = self._vectors(self.represent_ema, features, raw.shape[2:])
            space = student.label_space
            full = space.probs(F.interpolate(
                raw[len(image) :], image.shape[2:], mode='bilinear',
                align_corners=student.align_corners,
            ))  # fmt: skip
            entropy = space.entropy(full)
        counts = target.carries_loss()
        left = 1 - self.progress()
        limit, low, high = masked_percentiles(
            entropy,
            counts,
            100 - self.drop_percent * left,
            self.low_entropy * left,
            100 - self.low_entropy * left,
        )
        kept = counts & (entropy < limit)
        pixel = space.pixel_loss(both.logits, torch.where(kept, target.label, IGNORE_INDEX))
        number = kept.sum().clamp(min=1)
        loss = (pixel * target.weight).sum() / number * (target.valid.sum() / number)
        vectors = self._vectors(self.represent, both.features, raw.shape[2:])
        truth = torch.stack([s.gt_sem_seg.data for s in samples['sup']])[:, 0]
        label = torch.where(counts, target.label, IGNORE_INDEX)[:, 0].long()
        known = truth != IGNORE_INDEX
        loss_contrast = self.contrastive(
            vectors,
            keys,
            space.probs(raw),
            torch.cat([truth, label]),
            torch.cat([known, (entropy <= low)[:, 0] & counts[:, 0]]),
            torch.cat([known, (entropy >= high)[:, 0] & counts[:, 0]]),
        )
        return self.combined(
            both.losses,
            dict(
                loss_entropy=loss,
                loss_contrast=self.contrast_weight * loss_contrast,
            ),
        )

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1, from the Runner's message hub.

        It grows with the epochs, as published; with a loop that counts iterations, with these.
        """
        hub = MessageHub.get_current_instance()
        unit = 'epoch' if (hub.get_info('max_epochs', 1) or 1) > 1 else 'iter'
        total = hub.get_info('max_epochs' if unit == 'epoch' else 'max_iters', 1) or 1
        done: float = hub.get_info(unit, 0) / total
        return min(done, 1.0)

    def _vectors(self, head: nn.Module, features: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        maps = [features[i] for i in self.in_index]
        found = [x.shape[1] for x in maps]
        if found != self.in_channels:
            raise UserError(
                f'model.semi.in_channels={self.in_channels}, but maps {self.in_index} of the '
                f'backbone have {found} channels.'
            )
        maps = [F.interpolate(x, size, mode='bilinear', align_corners=False) for x in maps]
        vectors: Tensor = head(torch.cat(maps, dim=1))
        return vectors

    def contrastive(
        self,
        vectors: Tensor,
        keys: Tensor,
        prob: Tensor,
        label: Tensor,
        low: Tensor,
        high: Tensor,
    ) -> Tensor:
        """The contrastive loss over N labeled and N unlabeled images.

        Args:
            vectors (Tensor): (2 N, D, h, w), student.
            keys (Tensor): (2 N, D, h, w), teacher, no gradient.
            prob (Tensor): (2 N, C, h, w), teacher.
            label (Tensor): (2 N, H, W) int64 annotation or pseudo-label, 255 = none.
            low (Tensor): (2 N, H, W) bool, annotated, or of low entropy.
            high (Tensor): (2 N, H, W) bool, annotated, or of high entropy.
        """
        size, classes = vectors.shape[2:], prob.shape[1]
        label, low, high = (
            F.interpolate(x[:, None].float(), size, mode='nearest').flatten()
            for x in (label, low, high)
        )
        low, high = low > 0, high > 0
        labeled = torch.zeros(len(prob), *size, dtype=torch.bool, device=prob.device)
        labeled[: len(prob) // 2] = True
        labeled = labeled.flatten()
        prob = prob.transpose(0, 1).flatten(1)
        rank = prob.argsort(dim=0, descending=True, stable=True).argsort(dim=0)
        vectors, keys = (x.transpose(0, 1).flatten(1).t() for x in (vectors, keys))
        ids = torch.arange(classes, device=prob.device)[:, None]
        positives = (label == ids) & low
        anchors = positives & (prob > self.min_prob)
        first, last = self.ranks
        negatives = high & torch.where(
            labeled, (label != ids) & (rank < first), (rank >= first) & (rank < last)
        )
        chosen = draw(negatives, self.max_keys)
        # as often as there are places, so that few negatives do not fill the bank with copies
        fresh = torch.arange(self.max_keys, device=prob.device) < negatives.sum(1, keepdim=True)
        self.bank.push(keys[chosen], fresh)
        sampled = self.bank.sample(self.num_anchors * self.num_negatives)
        places = draw(anchors, self.num_anchors)
        present = positives.any(dim=1)
        usable = present & anchors.any(dim=1) & (self.bank.count > 0)
        means = positives.to(keys) @ keys / positives.sum(dim=1, keepdim=True).clamp(min=1)
        total = vectors.sum() * 0.0
        for c in range(classes):
            negative = sampled[c].view(self.num_anchors, self.num_negatives, -1)
            value = contrast(vectors[places[c]].float(), means[c], negative, self.temperature)
            total = total + torch.where(usable[c], value, 0.0)
        enough = present.sum() >= 2
        return torch.where(enough, total / present.sum().clamp(min=1), total * 0.0)
