# SPDX-License-Identifier: Apache-2.0
"""Measures how well disagreement, confidence and entropy separate right from wrong pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..labels.spaces import IGNORE_INDEX, LabelSpace
from .mask import refine
from .voting import Aggregate, Votes

BINS = 2000
DECADES = 7  # float32 tells 1 from 1 - 1e-7


@dataclass(frozen=True)
class Outcome:
    """Coverage and accuracy of a rule that keeps some labeled pixels and rejects the others.

    Attributes:
        coverage (float): Share of the pixels that it keeps.
        accuracy (float): Share of the kept pixels that are right; NaN if none is kept.
        rejected_accuracy (float): Share of the rejected pixels that are right; NaN likewise.
    """

    coverage: float
    accuracy: float
    rejected_accuracy: float

    @property
    def youden(self) -> float:
        """Youden's J: share of the right pixels kept minus share of the wrong ones kept.

        0 for a rule no better than chance, 1 for one that keeps exactly the right pixels.
        """
        right = self.coverage * np.nan_to_num(self.accuracy)
        rejected_right = (1 - self.coverage) * np.nan_to_num(self.rejected_accuracy)
        wrong, all_right = self.coverage - right, right + rejected_right
        if not 0 < all_right < 1:
            return 0.0
        return float(right / all_right - wrong / (1 - all_right))


class RuleCounts:
    """Counts kept and rejected, right and wrong pixels of a yes-or-no rule, for each true class.

    Args:
        num_classes (int): C.
    """

    def __init__(self, num_classes: int):
        self.counts = torch.zeros(num_classes, 2, 2, dtype=torch.double)

    def add(self, kept: Tensor, right: Tensor, cls: Tensor) -> None:
        """Adds pixels to the counts.

        Args:
            kept (Tensor): (P,) bool, whether the rule keeps them.
            right (Tensor): (P,) bool, whether their label is right.
            cls (Tensor): (P,) int64, the true class.
        """
        index = 4 * cls + 2 * kept.long() + right.long()
        counts = torch.bincount(index, minlength=self.counts.numel())
        self.counts += counts.view_as(self.counts).cpu()

    def outcome(self, cls: int | None = None) -> Outcome:
        """Returns the outcome over all pixels, or over those of one true class."""
        counts = self.counts.sum(dim=0) if cls is None else self.counts[cls]
        (lost_wrong, lost_right), (kept_wrong, kept_right) = counts.tolist()
        kept, lost = kept_wrong + kept_right, lost_wrong + lost_right
        return Outcome(
            kept / max(kept + lost, 1),
            kept_right / kept if kept else float('nan'),
            lost_right / lost if lost else float('nan'),
        )

    def youden(self) -> float:
        """Youden's J, see :attr:`Outcome.youden`: the mean over the true classes that occur.

        Over all pixels, a rule that drops a rare class and keeps everything else looks good.
        """
        there = self.counts.sum(dim=(1, 2)).nonzero().flatten().tolist()
        return float(np.mean([self.outcome(cls).youden for cls in there])) if there else 0.0


class ScoreCounts:
    """Right and wrong pixels by a score in [0, 1], for a threshold that is chosen afterwards.

    Bins are equally wide in ``log10(1 - score)``: most confidences are so close to 1 that bins of
    equal width in the score would hold most pixels in the last one, whose order would be lost.
    """

    def __init__(self) -> None:
        self.counts = torch.zeros(BINS, 2, dtype=torch.double)

    def add(self, score: Tensor, right: Tensor) -> None:
        """Adds pixels to the counts.

        Args:
            score (Tensor): (P,) in [0, 1]; the threshold keeps the larger ones.
            right (Tensor): (P,) bool, whether their label is right.
        """
        decades = -(1 - score.double()).clamp(min=10.0**-DECADES).log10()
        place = (decades * (BINS / DECADES)).long().clamp(0, BINS - 1)
        index = 2 * place + right.long()
        self.counts += torch.bincount(index, minlength=2 * BINS).view(BINS, 2).cpu()

    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns coverage and accuracy for each threshold, from the highest to the lowest.

        Returns:
            tuple[np.ndarray, np.ndarray]: Two (B,) float64 in [0, 1]; empty bins are left out.
        """
        above = self.counts.flip(0).cumsum(dim=0)
        kept = above.sum(dim=1)
        some = kept > 0
        total = max(float(kept[-1]), 1.0)
        return (kept[some] / total).numpy(), (above[some, 1] / kept[some]).numpy()

    def accuracy_at(self, coverage: float) -> float:
        """Returns the accuracy at a coverage in [0, 1], linear between thresholds."""
        x, y = self.curve()
        return float(np.interp(coverage, x, y))


@dataclass(frozen=True)
class Rule:
    """One choice of the mask: the first ``voters`` networks, erosion, dilation."""

    voters: int
    erode: int = 0
    dilate: int = 0


class Analysis:
    """Compares the mask with confidence and entropy thresholds on labeled images.

    Images are given one at a time (:meth:`start`), and for each its networks one after another
    (:meth:`add`). After the second and each further network, the mask of the networks so far is
    compared with the annotation for every kernel, and the confidence and the entropy of their
    mean probability at every threshold. All are judged by the same labels: the agreed label, and
    under the mask that of the mean probability.

    Args:
        space (LabelSpace): The task.
        num_networks (int): How many networks, or views of one, an image will have.
        kernels (Sequence[tuple[int, int]]): Pairs (erode, dilate) in pixels.
    """

    def __init__(
        self, space: LabelSpace, num_networks: int, kernels: Sequence[tuple[int, int]] = ((0, 0),)
    ):
        self.space = space
        ks = range(2, num_networks + 1)
        self.rules = {Rule(k, e, d): RuleCounts(space.num_classes) for k in ks for e, d in kernels}
        self.confidence = {k: ScoreCounts() for k in ks}
        self.entropy = {k: ScoreCounts() for k in ks}
        self.both = {k: ScoreCounts() for k in ks}  # confidence, 0 where the networks disagree
        self.num_images = 0
        self.alone = [RuleCounts(space.num_classes) for _ in range(num_networks)]

    def start(self, truth: Tensor) -> None:
        """Starts an image, given its annotation (1, M, H, W) uint8 or int64; 255 = unknown."""
        self.num_images += 1
        self._truth, self._known = truth, truth != IGNORE_INDEX
        cls = truth
        if self.space.num_maps > 1:  # the pixels of a map belong to its class
            maps = torch.arange(self.space.num_maps, device=truth.device).view(1, -1, 1, 1)
            cls = maps.expand_as(truth)
        self._cls = cls[self._known].long()
        self._votes = Votes()
        self._voters = Aggregate(self.space, self._votes)

    def add(self, logits: Tensor) -> None:
        """Adds the prediction of the next network: logits (1, C, H, W) of any float dtype."""
        hard = self._voters.add(logits)
        k = self._voters.num_voters
        everything = torch.ones_like(self._cls, dtype=torch.bool)
        self.alone[k - 1].add(everything, (hard == self._truth)[self._known], self._cls)
        if k > 1:
            self._judge(k)

    def _judge(self, k: int) -> None:
        mean = self._voters.mean()
        own = self.space.hard(mean)
        agreed, mask = self._votes.result()
        joint = mask.any(dim=1, keepdim=True)
        everywhere = torch.ones_like(joint)
        for rule, counts in self.rules.items():
            if rule.voters != k:
                continue
            label, final = refine(agreed, joint, everywhere, rule.erode, rule.dilate)
            # as PseudoLabelWriter writes: the agreed label, else that of the mean probability
            label = torch.where(label == IGNORE_INDEX, own, label)
            right = (label == self._truth)[self._known]
            counts.add(~final.expand_as(mask)[self._known], right, self._cls)
        mean_right = (own == self._truth)[self._known]
        confidence = self.space.confidence(mean, own)
        self.confidence[k].add(confidence[self._known], mean_right)
        self.both[k].add((confidence * ~joint)[self._known], mean_right)
        self.entropy[k].add(1 - self.space.entropy(mean)[self._known], mean_right)

    def best(self) -> Rule:
        """Returns the rule that separates right from wrong pixels best, all classes equal."""
        return max(self.rules, key=lambda rule: self.rules[rule].youden())
