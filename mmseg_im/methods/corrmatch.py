# SPDX-License-Identifier: Apache-2.0
"""CorrMatch: labels spread to what correlates with sure pixels, above a threshold that adapts."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor

from ..errors import UserError
from ..labels.logits import at_size
from ..labels.spaces import IGNORE_INDEX
from .base import SSLMethod
from .correlation import (
    Correlation,
    best_confidence,
    correlated,
    divergence,
    regions_of,
    rows_of_map,
    spread_labels,
)
from .memory_bank import draw
from .mixing import cutmix, neighbour, sample_box_mask
from .options import check_shares, refuse_cascade
from .pseudo_label_loss import PseudoLabel, pseudo_label_loss
from .student import Samples, Student, Views


@MODELS.register_module()
class CorrMatch(SSLMethod):
    r"""UniMatch with one strong view, a correlation branch and a threshold that adapts.

    Source: Sun et al., CVPR 2024, arXiv 2306.04300:

    .. math:: L = \tfrac12 \left( \tfrac12 L_x + \tfrac12 L_x^c + \tfrac14 L_s + \tfrac14 L_{KL} +
              \tfrac14 L_{fp} + \tfrac14 L_u^c \right), \quad L_v = \frac{1}{|V|} \sum_{i \in V}
              [c_i \ge \tau]\, CE(\text{logits}^v_i, \hat y_i)

    so that ``sup_weight`` is :math:`\tfrac14` and ``unsup_weight`` :math:`\tfrac18`. The student's
    train-mode prediction of the weak view, made as in :class:`UniMatch`, labels a strong view with
    CutMix (:math:`L_s`) and its own perturbed features (:math:`L_{fp}`).

    Correlation: two embeddings :math:`f_1, f_2` of a map of the backbone, C wide, give the map
    :math:`M = \text{softmax}(f_1^T f_2 / \sqrt C)`, and :math:`M` times the logits at the size of
    this map, which are constants here, is one more prediction; :math:`L_x^c` and :math:`L_u^c`
    train it, and with it the embeddings.

    Regions: ``num_samples`` positions are drawn in each weak image. The region of one is where its
    row of :math:`M`, scaled to [0, 1], exceeds 0.5. If its share of pixels with :math:`c \ge \tau`
    and the share of its most frequent class both exceed :math:`\tau`, it is labeled as this class.

    Threshold: :math:`\tau` follows the mean, over the classes that are predicted for the batch, of
    the largest confidence of each; it is a buffer, ``semi.global_threshold``.

    Chosen, as the paper's formulas leave it open: :math:`L_{KL}` is the divergence of the strong
    prediction from the voters' probabilities of the weak view, mixed alike, on the pixels of
    :math:`L_s`; :math:`L_u^c` is the mean of weak and strong view; :math:`L_x^c` is the decode
    head's loss; each position's weights in :math:`M` sum up to 1; the map is reduced by a 1x1
    convolution with ReLU and no norm; :math:`\tau` is updated before it is used; a region's
    confidence is the mean of its sure pixels, and where regions overlap the surest counts.
    CutMix pastes the neighbour in the batch (published: another crop of the image). Padding
    is in no region and moves no threshold. With ``im``, every view of every teacher votes beside
    the student, and pixels that lost their label get none from a region. Views: ``weak``,
    ``strong``.

    Args:
        in_channels (int): Channels of the feature map for the correlation.
        in_index (int): Which map of the backbone; of a U-Net a coarse one, as :math:`M` has the
            square of its positions.
        channels (int): Width to which this map is reduced.
        teachers: See :class:`SSLMethod`; further voters of the mask.
        im: See :class:`SSLMethod`.
        threshold (float): :math:`\tau` at first, in [0, 1].
        threshold_momentum (float): Share of the new value in each step, in [0, 1].
        num_samples (int): Positions drawn in each image.
        cutmix_prob (float): Probability that an image gets a box, in [0, 1].
        dropout (float): Probability that a channel is dropped, in [0, 1).
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('weak', 'strong')
    needs_teachers = False
    own_voters = 1
    global_threshold: Tensor

    def __init__(
        self,
        in_channels: int,
        in_index: int = -1,
        channels: int = 256,
        teachers: Sequence[dict[str, Any]] = (),
        im: dict[str, Any] | None = None,
        threshold: float = 0.85,
        threshold_momentum: float = 0.001,
        num_samples: int = 128,
        cutmix_prob: float = 0.5,
        dropout: float = 0.5,
        sup_weight: float = 0.25,
        unsup_weight: float = 0.125,
    ):
        super().__init__(teachers, im, sup_weight=sup_weight, unsup_weight=unsup_weight)
        check_shares(
            threshold=threshold,
            threshold_momentum=threshold_momentum,
            cutmix_prob=cutmix_prob,
            dropout=dropout,
        )
        self.in_channels, self.in_index, self.channels = in_channels, in_index, channels
        self.threshold_momentum = threshold_momentum
        self.num_samples = num_samples
        self.cutmix_prob = cutmix_prob
        self.dropout = dropout
        self.register_buffer('global_threshold', torch.tensor(float(threshold)))

    def bind(self, student: Student) -> None:
        refuse_cascade(self, student)
        if not student.label_space.head_knows_loss:
            raise UserError(
                'model.semi=CorrMatch compares classes with each other, so it needs '
                "label_space='multiclass'."
            )
        super().bind(student)
        self.correlation = Correlation(self.in_channels, self.channels, student.num_classes)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        space, weak = student.label_space, views['weak']
        both = student.joint(views['sup'], samples['sup'], weak, perturb=self._drop)
        votes: Iterable[Tensor] = [both.logits.detach()]
        if self.im is not None:
            votes = itertools.chain(votes, self.votes(student, weak))
        pseudo = self.label(student, weak, samples['weak'], votes)
        self._follow(pseudo, student.num_classes)
        of_weak = tuple(x[-len(weak) :] for x in both.features)
        by_weak, query, key = self._correlate(student, of_weak, both.logits)
        pseudo = self._spread(pseudo, query, key, by_weak.shape[2:], student.num_classes)
        self.last_pseudo = pseudo

        inside = sample_box_mask(weak, self.cutmix_prob)
        image, target = cutmix(self.paint(views['strong'], pseudo), pseudo, inside)
        prob = torch.where(inside, neighbour(pseudo.prob), pseudo.prob)
        features = student.extract_feat(image)
        strong = student.decode(features, image.shape[2:])
        by_strong, _, _ = self._correlate(student, features, strong)
        by_labeled, _, _ = self._correlate(student, both.labeled_features, both.labeled_logits)
        of_labeled = student.decode_head.loss_by_feat(by_labeled, samples['sup'])
        loss_weak, loss_strong = (
            pseudo_label_loss(space, at_size(student, logits, image.shape[2:]), label)
            for logits, label in ((by_weak, pseudo), (by_strong, target))
        )
        return self.combined(
            {**both.losses, **add_prefix(of_labeled, 'correlation')},
            dict(
                loss_strong=pseudo_label_loss(space, strong, target),
                loss_soft=divergence(prob, strong, target),
                loss_features=pseudo_label_loss(space, both.perturbed, pseudo),
                loss_correlation=(loss_weak + loss_strong) / 2,
                threshold=self.global_threshold,
            ),
        )

    def _drop(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(F.dropout2d(x, self.dropout) for x in features)

    def _correlate(
        self, student: Student, features: Sequence[Tensor], logits: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The prediction by correlation (N, C, h, w), and its queries and keys (N, h w, C)."""
        x = features[self.in_index]
        if x.shape[1] != self.in_channels:
            raise UserError(
                f'model.semi.in_channels={self.in_channels}, but map {self.in_index} of the '
                f'backbone has {x.shape[1]} channels. Correct in_channels or in_index.'
            )
        query, key = self.correlation(x)
        fixed = at_size(student, logits.detach(), x.shape[2:])
        return correlated(query, key, fixed), query, key

    @torch.no_grad()
    def _follow(self, pseudo: PseudoLabel, num_classes: int) -> None:
        """Moves the threshold; processes whose labels name a class count alike."""
        label = torch.where(pseudo.carries_loss(), pseudo.label, IGNORE_INDEX)
        mean, number = best_confidence(label, pseudo.confidence, num_classes)
        total = torch.stack([mean, (number > 0).to(mean)])
        all_reduce(total)
        mean, processes = total.unbind()
        mean = torch.where(processes > 0, mean / processes.clamp(min=1), self.global_threshold)
        self.global_threshold.lerp_(mean, self.threshold_momentum)

    @torch.no_grad()
    def _spread(
        self,
        pseudo: PseudoLabel,
        query: Tensor,
        key: Tensor,
        grid: tuple[int, ...],
        num_classes: int,
    ) -> PseudoLabel:
        """Labels the regions of drawn positions, and drops unsure pixels that are in none.

        Args:
            pseudo (PseudoLabel): Of the weak view (N, 1, H, W), without a threshold.
            query (Tensor): (N, h w, C).
            key (Tensor): (N, h w, C).
            grid (tuple[int, ...]): h, w.
            num_classes (int): C.
        """
        counts = pseudo.carries_loss()

        def coarse(x: Tensor) -> Tensor:
            return F.interpolate(x.float(), grid, mode='nearest-exact').flatten(1)

        def fine(x: Tensor) -> Tensor:
            x = x.float().unflatten(1, (1, *grid))
            return F.interpolate(x, counts.shape[2:], mode='nearest-exact')

        valid = coarse(pseudo.valid) > 0
        rows = rows_of_map(query, key, draw(valid, self.num_samples))
        label, confidence, reached = spread_labels(
            regions_of(rows, valid),
            coarse(torch.where(counts, pseudo.label, IGNORE_INDEX)).long(),
            coarse(pseudo.confidence),
            self.global_threshold,
            num_classes,
        )
        reached = (fine(reached) > 0) & counts
        confidence = torch.where(reached, fine(confidence), pseudo.confidence)
        return replace(
            pseudo,
            label=torch.where(reached, fine(label).to(torch.uint8), pseudo.label),
            weight=pseudo.weight * (reached | (confidence >= self.global_threshold)),
            confidence=confidence,
        )
