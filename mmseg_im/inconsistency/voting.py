# SPDX-License-Identifier: Apache-2.0
"""Aggregates the predictions of teachers that arrive one after another: votes and mean."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from ..errors import UserError
from ..labels.ops import where
from ..labels.spaces import IGNORE_INDEX, LabelSpace


class Votes:
    """Counts the votes of teachers that arrive one after another.

    Memory does not depend on the number of teachers: unanimity needs the first label and a flag,
    a share of votes needs one uint8 counter for each label.

    Args:
        min_agreement (float): Share of the teachers, in (0, 1], that must vote for a label.
            1.0 is unanimity, the paper's rule.
        num_labels (int): L, how many labels a pixel can take. Needed below 1.0 and for
            ``compare_classes``.
        compare_classes (bool): Also find out in which images the teachers predict different
            sets of classes.
    """

    same_classes: Tensor
    """Tensor: (N,) bool, True where all teachers so far found the same set of classes; there is
    none without ``compare_classes`` and before the first vote."""

    def __init__(
        self, min_agreement: float = 1.0, num_labels: int = 0, compare_classes: bool = False
    ):
        self.min_agreement = check_min_agreement(min_agreement)
        if num_labels < 1 and (min_agreement < 1 or compare_classes):
            raise UserError('num_labels is needed to count votes (min_agreement < 1) or classes.')
        self.num_labels = num_labels
        self.compare_classes = compare_classes
        self.num_teachers = 0

    def add(self, hard: Tensor, valid: Tensor | None = None) -> None:
        """Adds the vote of one teacher.

        Args:
            hard (Tensor): (N, M, H, W) uint8, its hard labels.
            valid (Tensor, optional): (N, 1, H, W) bool; padding does not count as a class.

        Raises:
            UserError: If the shape is another than that of the first vote.
        """
        if self.num_teachers == 0:
            self._first = hard
            self._differs = torch.zeros_like(hard, dtype=torch.bool)
            if self.min_agreement < 1:
                n, m, h, w = hard.shape
                self._counts = hard.new_zeros((n, self.num_labels, m, h, w))
        elif hard.shape != self._first.shape:
            raise UserError(
                f'Teachers must label the same pixels, but one gave {tuple(hard.shape)} and '
                f'another {tuple(self._first.shape)}.'
            )
        if self.min_agreement < 1:
            index = hard.unsqueeze(1).long()
            self._counts.scatter_add_(1, index, torch.ones_like(index, dtype=hard.dtype))
        elif self.num_teachers:
            self._differs |= hard != self._first
        if self.compare_classes:
            present = self._classes(hard, valid)
            if self.num_teachers == 0:
                self._present = present
                self.same_classes = torch.ones_like(present[:, 0])
            else:
                self.same_classes &= (present == self._present).all(dim=1)
        self.num_teachers += 1

    def _classes(self, hard: Tensor, valid: Tensor | None) -> Tensor:
        """(N, M L) bool: which labels occur; of several maps, whether label 1 does, (N, M)."""
        n, m = hard.shape[:2]
        labels = hard if valid is None else torch.where(valid, hard, self.num_labels)
        present = torch.zeros((n, m, self.num_labels + 1), dtype=torch.bool, device=hard.device)
        present.scatter_(2, labels.flatten(2).long(), True)
        first = int(m > 1)  # where classes overlap, label 0 is the absence of one
        return present[..., first : self.num_labels].flatten(1)

    def result(self) -> tuple[Tensor, Tensor]:
        """Returns the label that enough teachers voted for, and the pixels without one.

        Returns:
            tuple[Tensor, Tensor]: The agreed label (N, M, H, W) uint8, 255 where there is none,
            and the inconsistent pixels (N, M, H, W) bool. Where several labels have enough votes
            (possible up to ``min_agreement`` = 0.5) the one with most votes wins, then the lowest.

        Raises:
            UserError: If nobody has voted.
        """
        if self.num_teachers == 0:
            raise UserError('No teacher has voted.')
        if self.min_agreement < 1:
            label = self._counts.argmax(dim=1).to(self._first.dtype)
            # A small slack, because 0.6 * 5 is a little more than 3 in floating point.
            needed = math.ceil(self.min_agreement * self.num_teachers - 1e-6)
            inconsistent = self._counts.amax(dim=1) < max(needed, 1)
        else:
            label, inconsistent = self._first, self._differs
        return where(inconsistent, IGNORE_INDEX, label), inconsistent


def check_min_agreement(value: float) -> float:
    """Returns ``value``; raises a UserError unless it lies in (0, 1]."""
    if not 0 < value <= 1:
        raise UserError(
            f'min_agreement={value} must lie in (0, 1]: the share of the teachers that must vote '
            'for a label. 1.0 means all of them, 0.75 three of four.'
        )
    return value


def agree(
    hard_labels: Iterable[Tensor], min_agreement: float = 1.0, num_labels: int = 0
) -> tuple[Tensor, Tensor]:
    """Returns the label on which any number of teachers agree, and where they do not.

    Args:
        hard_labels (Iterable[Tensor]): One (N, M, H, W) uint8 label map for each teacher.
        min_agreement (float): See :class:`Votes`.
        num_labels (int): See :class:`Votes`.

    Returns:
        tuple[Tensor, Tensor]: Agreed label and inconsistent pixels, see :meth:`Votes.result`.
    """
    votes = Votes(min_agreement, num_labels)
    for hard in hard_labels:
        votes.add(hard)
    return votes.result()


class Aggregate:
    """Mean probability and votes of voters that arrive one after another.

    Memory does not depend on the number of voters.

    Args:
        space (LabelSpace): The task.
        votes (Votes, optional): Counts the hard labels; None where only the mean is wanted.
        total (Tensor, optional): (N, C, H, W) float32 zeros in which the probabilities are added
            up; default: memory of the first voter.
    """

    finite: Tensor
    """Tensor: (N,) bool, False where a voter returned NaN or inf for an image."""

    def __init__(self, space: LabelSpace, votes: Votes | None = None, total: Tensor | None = None):
        self.space = space
        self.votes = votes
        self.total = total
        self.num_voters = 0

    def add(self, logits: Tensor, valid: Tensor | None = None) -> Tensor:
        """Takes the prediction of one voter.

        Args:
            logits (Tensor): (N, C, H, W) of any float dtype.
            valid (Tensor, optional): (N, 1, H, W) bool, False on padding.

        Returns:
            Tensor: (N, M, H, W) uint8, the hard label of this voter.
        """
        # The largest logit of an image is NaN if one of them is, and inf after an overflow.
        finite = logits.flatten(1).amax(dim=1).isfinite()
        self.finite = finite if self.num_voters == 0 else self.finite & finite
        prob = torch.nan_to_num_(self.space.probs(logits))
        hard = self.space.hard(prob)
        if self.votes is not None:
            self.votes.add(hard, valid)
        self.total = prob if self.total is None else self.total.add_(prob)
        self.num_voters += 1
        return hard

    def mean(self) -> Tensor:
        """(N, C, H, W) float32, the mean probability of all voters so far."""
        if self.total is None:
            raise UserError('No teacher has voted.')
        return self.total / self.num_voters
