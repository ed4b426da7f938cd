# SPDX-License-Identifier: Apache-2.0
"""SegKC: a senior and a junior network of different kinds teach each other."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from ..teachers.networks import build_network
from .base import SSLMethod
from .mixing import cutmix, neighbour, sample_box_mask
from .options import check_shares, refuse_cascade
from .pseudo_label import pseudo_label_loss
from .student import Samples, Student, Views


def consult_features(own: Tensor, other: Tensor) -> Tensor:
    """One minus the cosine of two maps (N, c, h, w), mean over places; ``other`` is the target.

    The finer map is averaged down to the size of the coarser one.
    """
    h, w = (min(a, b) for a, b in zip(own.shape[2:], other.shape[2:], strict=True))
    own, other = (F.adaptive_avg_pool2d(x, (h, w)) for x in (own, other.detach()))
    return 1 - F.cosine_similarity(own.float(), other.float(), dim=1).mean()


def consult_predictions(own: Tensor, other: Tensor, valid: Tensor) -> Tensor:
    """Squared difference of probabilities (N, C, H, W) over valid pixels; ``other`` is fixed."""
    error = (own - other.detach()).square() * valid
    return error.sum() / valid.expand_as(error).sum().clamp(min=1)


@MODELS.register_module()
class SegKC(SSLMethod):
    r"""Cross pseudo supervision of two networks that consult each other.

    Source: Than et al., arXiv 2503.10693, of which the abstract is known here: two heterogeneous
    networks supervise each other with pseudo-labels, and exchange knowledge in both directions
    at the level of features and of predictions; the junior is what is used afterwards. What it does
    not fix was chosen:

    .. math:: L = \sum_{a \in \{j, s\}} L_x^a + CE(p_a(x^s), \hat y_b(x^w)) + w_p \lVert p_a(x^s) -
              p_b(x^s) \rVert^2 + w_f (1 - \cos(P_a f_a, f_b))

    with the other network :math:`b`, whose values are constants in each term, its label
    :math:`\hat y_b` of the weak view in eval mode (Chen et al., CVPR 2021, arXiv 2106.01226),
    one feature map :math:`f` of each backbone, and a linear projection :math:`P`. With ``im`` both
    networks vote (and ``teachers``, if there are any), and both learn the agreed label. The student
    is the junior; the senior lives in ``semi.senior``. Views: ``weak``, ``strong``.

    Args:
        senior (dict): Config of a ``SemiSegmentor``, whose images are normalised as the student's.
        channels (Sequence[int]): Of the consulted feature map: of the junior, of the senior.
        teachers: See :class:`SSLMethod`; further voters of the mask.
        im: See :class:`SSLMethod`.
        threshold (float): Less confident pixels do not count, in [0, 1].
        cutmix_prob (float): Probability that an image gets a box of its neighbour, in [0, 1].
        feature_index (int): Which map of the backbones is consulted.
        prediction_weight (float): :math:`w_p`.
        feature_weight (float): :math:`w_f`.
        sup_weight: See :class:`SSLMethod`.
        unsup_weight: See :class:`SSLMethod`.
    """

    views = ('weak', 'strong')
    needs_teachers = False
    own_voters = 2
    network_names = ('senior',)

    def __init__(
        self,
        senior: dict[str, Any],
        channels: Sequence[int],
        teachers: Sequence[dict[str, Any]] = (),
        im: dict[str, Any] | None = None,
        threshold: float = 0.0,
        cutmix_prob: float = 0.5,
        feature_index: int = -1,
        prediction_weight: float = 1.0,
        feature_weight: float = 1.0,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__(teachers, im, threshold, sup_weight, unsup_weight)
        check_shares(cutmix_prob=cutmix_prob)
        if len(channels) != 2:
            raise UserError(f'model.semi.channels={channels} must be two numbers.')
        self.cutmix_prob = cutmix_prob
        self.feature_index = feature_index
        self.prediction_weight = prediction_weight
        self.feature_weight = feature_weight
        self.senior = build_network(senior, 'model.semi.senior')
        junior_width, senior_width = channels
        self.to_senior = nn.Conv2d(junior_width, senior_width, 1)
        self.to_junior = nn.Conv2d(senior_width, junior_width, 1)

    def bind(self, student: Student) -> None:
        super().bind(student)
        for network in (student, self.senior):
            refuse_cascade(self, network)

    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        space, networks = student.label_space, (student, self.senior)
        of_junior, of_senior = self.label_each_other(
            student, self.senior, views['weak'], samples['weak']
        )
        image = self.paint(views['strong'], of_junior)
        inside = sample_box_mask(image, self.cutmix_prob)
        image, target_junior = cutmix(image, of_junior, inside)
        target_senior = of_senior.mixed(of_senior.map(neighbour), inside)
        junior, senior = (n.joint(views['sup'], samples['sup'], image) for n in networks)
        p, q = (space.probs(both.logits) for both in (junior, senior))
        f, g = (both.features[self.feature_index] for both in (junior, senior))
        self._check_width(f, g)
        valid = target_junior.valid
        losses = dict(
            loss_junior=pseudo_label_loss(space, junior.logits, target_junior),
            loss_senior=pseudo_label_loss(space, senior.logits, target_senior),
            loss_predictions=self.prediction_weight
            * (consult_predictions(p, q, valid) + consult_predictions(q, p, valid)),
            loss_features=self.feature_weight
            * (consult_features(self.to_senior(f), g) + consult_features(self.to_junior(g), f)),
        )
        supervised = {f'senior.{key}': value for key, value in senior.losses.items()}
        return self.combined({**junior.losses, **supervised}, losses)

    def _check_width(self, junior: Tensor, senior: Tensor) -> None:
        found = (junior.shape[1], senior.shape[1])
        expected = (self.to_senior.in_channels, self.to_junior.in_channels)
        if found != expected:
            raise UserError(
                f'model.semi.channels={expected}, but map {self.feature_index} of junior and '
                f'senior have {found} channels. Correct channels or feature_index.'
            )
