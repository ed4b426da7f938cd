# SPDX-License-Identifier: Apache-2.0
"""What all semi-supervised methods share: teachers, pseudo-labels, the inconsistency mask."""

import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from mmengine.model import BaseModule
from mmengine.utils import is_list_of
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ..build import build
from ..errors import UserError
from ..inconsistency.mask import InconsistencyMask
from ..inconsistency.voting import Aggregate
from ..teachers.base import Teacher
from ..teachers.networks import predict
from .options import check_partner, check_shares
from .pseudo_label_loss import PseudoLabel, valid_pixels
from .student import Samples, Student, Views


class SSLMethod(BaseModule):
    """Base of the semi-supervised methods: a subclass writes :meth:`loss`.

    The student is an argument of each call and no attribute, so there is no cycle of modules.

    Args:
        teachers (Sequence[dict]): Configs of :class:`~mmseg_im.teachers.base.Teacher`. Each
            view of each teacher is one voter.
        im (dict, optional): Config of :class:`~mmseg_im.inconsistency.mask.InconsistencyMask`.
        threshold (float): Pixels of less confidence carry no loss, in [0, 1]; 0: all do.
        sup_weight (float): Factor of the supervised losses.
        unsup_weight (float): Factor of the method's losses.
    """

    views: tuple[str, ...] = ()
    """tuple[str, ...]: Names of the views that the method needs beside ``sup``."""

    own_voters = 0
    """int: Voters of a pseudo-label beside the teachers, such as the student itself."""

    needs_teachers = True
    """bool: Whether the method labels with teachers at all."""

    network_names: tuple[str, ...] = ()
    """tuple[str, ...]: Attributes that are networks trained beside the student."""

    teachers: Sequence[Teacher]
    """Sequence[Teacher]: In the order of the config."""

    def __init__(
        self,
        teachers: Sequence[dict[str, Any]],
        im: dict[str, Any] | None = None,
        threshold: float = 0.0,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__()
        check_shares(threshold=threshold)
        if not teachers and self.needs_teachers:
            raise UserError('model.semi.teachers is empty: a method needs one teacher or more.')
        built = [build(MODELS, cfg, f'model.semi.teachers[{i}]') for i, cfg in enumerate(teachers)]
        self.teachers = nn.ModuleList(built)  # type: ignore[assignment]  # it hides what it holds
        self.im: InconsistencyMask | None = (
            None if im is None else build(MODELS, im, 'model.semi.im')
        )
        self.threshold = threshold
        self.sup_weight = sup_weight
        self.unsup_weight = unsup_weight
        self.last_pseudo: PseudoLabel | None = None
        """PseudoLabel: What the student learns from, before mixing, for hooks to look at."""

    @property
    def networks(self) -> dict[str, Student]:
        """dict[str, Student]: Networks that are trained beside the student, by their names.

        Each is initialised, validated (as ``NAME/mIoU``), saved, resumed and published
        (``tools/publish_student.py --weights NAME``) as the student is.
        """
        return {name: getattr(self, name) for name in self.network_names}

    def bind(self, student: Student) -> None:
        """Initialises teachers and mask from the student, once, before training.

        Raises:
            UserError: If the mask has fewer than two voters or does not fit the task, or a network
                beside the student has another task.
        """
        if self.im is None and len(self.teachers) and not self.needs_teachers:
            raise UserError(
                f'model.semi.teachers: without im nobody asks them in {type(self).__name__}. Add '
                "im=dict(type='InconsistencyMask') or leave them out."
            )
        for name, network in self.networks.items():
            check_partner(name, network, student)
        for i, teacher in enumerate(self.teachers):
            teacher.bind(student, f'model.semi.teachers[{i}]')
        if self.im is None:
            return
        voters = self.own_voters + sum(len(teacher.views) for teacher in self.teachers)
        if voters < 2:
            raise UserError(
                'model.semi.im: one voter always agrees with itself. Give the teacher more views, '
                "such as views=['identity', 'hflip'], or add a teacher."
            )
        self.im.bind(student)

    def update_teachers(self, student: Student) -> None:
        """One step of every teacher; called at the start of the student's ``loss``."""
        for teacher in self.teachers:
            teacher.update(student)

    @abstractmethod
    def loss(self, student: Student, views: Views, samples: Samples) -> dict[str, Tensor]:
        """The method: labels, losses, and :meth:`combined` to put them together.

        Args:
            student (Student): The segmentor in training: ``student.supervised(...)`` gives the
                losses of the labeled images, ``student.logits(x)`` predicts, and
                ``student.joint(...)`` does both in one pass.
            views (dict[str, Tensor]): Name to (N, 3, H, W), normalised; ``sup`` is labeled, the
                others are pixel-aligned views of the unlabeled images.
            samples (dict[str, list[SegDataSample]]): The same names; label maps of unlabeled
                views are 0 and, on padding, 255.

        Returns:
            dict[str, Tensor]: Keys with ``loss`` are added up and minimised, others only logged.
        """

    def combined(
        self, supervised: dict[str, Tensor], unsupervised: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Weighs the losses of labeled and unlabeled images and names the latter ``unsup.*``.

        Beside them stands ``unsup.nan_images``, the images for which a voter returned NaN or inf.
        """
        losses = {key: _scale(value, self.sup_weight, key) for key, value in supervised.items()}
        for key, value in unsupervised.items():
            losses[f'unsup.{key}'] = _scale(value, self.unsup_weight, key)
        if self.last_pseudo is not None:
            losses['unsup.nan_images'] = (~self.last_pseudo.finite).sum().float()
        return losses

    @torch.no_grad()
    def label(
        self,
        student: Student,
        image: Tensor,
        samples: Sequence[SegDataSample],
        votes: Iterable[Tensor] | None = None,
    ) -> PseudoLabel:
        """Pseudo-labels of a weak view: votes, then the mask, then the threshold.

        The result is kept as ``last_pseudo``, which hooks and the log look at.

        Args:
            student (Student): The segmentor in training.
            image (Tensor): (N, 3, H, W), the weak view.
            samples (Sequence[SegDataSample]): Its samples, whose empty label maps tell padding.
            votes (Iterable[Tensor], optional): Logits (N, C, H, W) of all voters, one after
                another; default: :meth:`votes`.
        """
        space, valid = student.label_space, valid_pixels(samples)
        counts = None if self.im is None else self.im.new_votes(space.num_labels)
        voters = Aggregate(space, counts)
        for logits in self.votes(student, image) if votes is None else votes:
            voters.add(logits, valid)
        prob, finite = voters.mean(), voters.finite.view(-1, 1, 1, 1)
        label = space.hard(prob)
        weight = finite.float().expand_as(label)
        inconsistent = torch.zeros_like(valid)
        if self.im is not None:
            consensus = self.im(counts, valid, label)
            label, inconsistent = consensus.label, consensus.inconsistent
            weight = weight * consensus.weight.view(-1, 1, 1, 1)
        confidence = space.confidence(prob, label)
        if self.threshold > 0:
            weight = weight * (confidence >= self.threshold)
        self.last_pseudo = PseudoLabel(label, weight, valid, prob, confidence, inconsistent, finite)
        return self.last_pseudo

    def label_each_other(
        self, student: Student, partner: Student, image: Tensor, samples: Sequence[SegDataSample]
    ) -> tuple[PseudoLabel, PseudoLabel]:
        """Pseudo-labels of a weak view for two networks that teach each other.

        Without a mask, each learns what the other predicts in eval mode; with one, both networks
        and the teachers vote, and both learn the agreed label.

        Args:
            student (Student): The segmentor in training.
            partner (Student): The network beside it.
            image (Tensor): (N, 3, H, W), the weak view.
            samples (Sequence[SegDataSample]): See :meth:`label`.

        Returns:
            tuple[PseudoLabel, PseudoLabel]: For the student, for the partner.
        """
        votes = [predict(network, image) for network in (student, partner)]
        if self.im is None:
            for_partner, for_student = (
                self.label(student, image, samples, [vote]) for vote in votes
            )
            finite = for_student.finite & for_partner.finite
            self.last_pseudo = replace(for_student, finite=finite)
            return for_student, for_partner
        agreed = self.label(
            student, image, samples, itertools.chain(votes, self.votes(student, image))
        )
        return agreed, agreed

    def votes(self, student: Student, image: Tensor) -> Iterator[Tensor]:
        """Yields the logits (N, C, H, W) of every voter."""
        for teacher in self.teachers:
            yield from teacher.vote(student, image)

    def paint(self, image: Tensor, pseudo: PseudoLabel) -> Tensor:
        """Paints the masked pixels of one of the student's views (nothing without a mask)."""
        if self.im is None:
            return image
        return self.im.paint_view(image, pseudo.inconsistent)


def _scale(value: Any, factor: float, key: str) -> Any:
    """Multiplies a loss, or a list of losses, with a factor; other logged values stay."""
    if 'loss' not in key:
        return value
    return [v * factor for v in value] if is_list_of(value, Tensor) else value * factor
