# SPDX-License-Identifier: Apache-2.0
"""What all semi-supervised methods share: teachers, pseudo-labels, the inconsistency mask."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from mmengine.model import BaseModule
from mmengine.utils import is_list_of
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..build import build
from ..errors import UserError
from ..inconsistency.mask import InconsistencyMask
from ..labels.spaces import IGNORE_INDEX, LabelSpace


@dataclass(frozen=True)
class PseudoLabel:
    """What the teachers say of a batch; C channels, M label maps (see ``label_space``).

    Three different things are kept apart: a confidence rule changes ``weight``, the inconsistency
    mask changes ``label`` and ``weight``, padding changes ``valid``.

    Attributes:
        label (Tensor): (N, M, H, W) uint8; 255 where the label is blocked.
        prob (Tensor): (N, C, H, W) float32, mean over the voters.
        confidence (Tensor): (N, M, H, W) float32 in [0, 1], ``prob`` of ``label``; 0 where blocked.
        inconsistent (Tensor): (N, 1 or M, H, W) bool, the mask; all False without one.
        valid (Tensor): (N, 1, H, W) bool, False on padding.
        weight (Tensor): (N, M, H, W) float32 in [0, 1], weight of each pixel's loss.
        finite (Tensor): (N, 1, 1, 1) bool, False if a teacher returned NaN or inf for the image.
    """

    label: Tensor
    prob: Tensor
    confidence: Tensor
    inconsistent: Tensor
    valid: Tensor
    weight: Tensor
    finite: Tensor

    def map(self, function: Callable[[Tensor], Tensor]) -> 'PseudoLabel':
        """Applies the same function to every field with pixels, such as a flip of the batch."""
        changed = {
            f.name: function(getattr(self, f.name)) for f in fields(self) if f.name != 'finite'
        }
        return replace(self, **changed)

    def mixed(self, other: 'PseudoLabel', inside: Tensor) -> 'PseudoLabel':
        """Takes ``other`` where ``inside`` (N, 1, H, W) is True, as CutMix does with images."""
        changed = {
            f.name: torch.where(inside, getattr(other, f.name), getattr(self, f.name))
            for f in fields(self)
            if f.name != 'finite'
        }
        return replace(self, **changed)

    def weighted(self, factor: Tensor) -> 'PseudoLabel':
        """Multiplies the weight with a factor broadcastable to (N, M, H, W)."""
        return replace(self, weight=self.weight * factor)

    def carries_loss(self) -> Tensor:
        """(N, M, H, W) bool: pixels that have a label, a weight and are no padding."""
        return (self.label != IGNORE_INDEX) & (self.weight > 0) & self.valid


def valid_pixels(samples: Sequence) -> Tensor:
    """(N, 1, H, W) bool: False where the preprocessor padded (label 255 in an empty map)."""
    if not all('gt_sem_seg' in sample for sample in samples):
        raise UserError(
            'train_dataloader.dataset.unlabeled.pipeline needs LoadEmptyAnnotations after '
            'LoadImageFromFile, so that padding is known.'
        )
    label = torch.stack([sample.gt_sem_seg.data for sample in samples])
    return (label != IGNORE_INDEX).any(dim=1, keepdim=True)


def pseudo_label_loss(space: LabelSpace, logits: Tensor, pseudo: PseudoLabel) -> Tensor:
    """Mean weighted cross entropy over the valid pixels.

    ``sum_i valid_i w_i CE(logits_i, label_i) / sum_i valid_i``, the normaliser of UniMatch and
    FixMatch (CVPR 2023): pixels that a mask or a threshold takes out stay in the denominator, so
    the loss gains weight as the teachers become sure. Zero, with a graph, if nothing is left.

    Args:
        space (LabelSpace): The task.
        logits (Tensor): (N, C, H, W) of the student.
        pseudo (PseudoLabel): Target.
    """
    target = torch.where(pseudo.valid & (pseudo.weight > 0), pseudo.label, IGNORE_INDEX)
    loss = space.pixel_loss(logits, target) * pseudo.weight
    return loss.sum() / pseudo.valid.expand_as(loss).sum().clamp(min=1)


class SSLMethod(BaseModule):
    """Base of the semi-supervised methods: a subclass writes :meth:`loss`.

    The student is an argument of each call and no attribute, so there is no cycle of modules.

    Args:
        teachers (Sequence[dict]): Configs of :class:`~mmseg_im.teachers.base.Teacher`. Each
            view of each teacher is one voter.
        im (dict, optional): Config of :class:`~mmseg_im.inconsistency.mask.InconsistencyMask`.
        sup_weight (float): Factor of the supervised losses.
        unsup_weight (float): Factor of the method's losses.
    """

    views: tuple[str, ...] = ()
    """tuple[str, ...]: Names of the views that the method needs beside ``sup``."""

    own_voters = 0
    """int: Voters of a pseudo-label beside the teachers, such as the student itself."""

    needs_teachers = True
    """bool: Whether the method labels with teachers at all."""

    def __init__(
        self,
        teachers: Sequence[dict],
        im: dict | None = None,
        sup_weight: float = 1.0,
        unsup_weight: float = 1.0,
    ):
        super().__init__()
        if not teachers and self.needs_teachers:
            raise UserError('model.semi.teachers is empty: a method needs one teacher or more.')
        self.teachers = nn.ModuleList(
            build(MODELS, cfg, f'model.semi.teachers[{i}]') for i, cfg in enumerate(teachers)
        )
        self.im: InconsistencyMask | None = im and build(MODELS, im, 'model.semi.im')
        self.sup_weight = sup_weight
        self.unsup_weight = unsup_weight
        self.last_pseudo: PseudoLabel | None = None
        """PseudoLabel: Of the last step before mixing, for hooks to look at."""

    def bind(self, student: nn.Module) -> None:
        """Lets the teachers and the mask meet the student, once, before training.

        Raises:
            ValueError: If the mask has fewer than two voters or does not fit the task.
        """
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
        self.im.check(student.label_space)
        normalised = getattr(student.data_preprocessor, '_enable_normalize', False)
        if self.im.fill is None and not normalised:
            raise UserError("model.semi.im.fill='mean' needs model.data_preprocessor.mean.")
        mean = student.data_preprocessor.mean.flatten() if normalised else torch.zeros(1)
        std = student.data_preprocessor.std.flatten() if normalised else torch.ones(1)
        self.register_buffer('fill', self.im.fill_colour(mean, std), persistent=False)

    def update_teachers(self, student: nn.Module) -> None:
        """One step of every teacher; called at the start of the student's ``loss``."""
        for teacher in self.teachers:
            teacher.update(student)

    @abstractmethod
    def loss(self, student: nn.Module, views: dict, samples: dict) -> dict[str, Tensor]:
        """The method: labels, losses, and :meth:`combined` to put them together.

        Args:
            student (nn.Module): The segmentor in training: ``student.supervised(...)`` gives the
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
        """Weighs the losses of labeled and unlabeled images and names the latter ``unsup.*``."""
        losses = {key: _scale(value, self.sup_weight, key) for key, value in supervised.items()}
        for key, value in unsupervised.items():
            losses[f'unsup.{key}'] = _scale(value, self.unsup_weight, key)
        return losses

    @torch.no_grad()
    def pseudo_label(self, student: nn.Module, image: Tensor, samples: Sequence) -> PseudoLabel:
        """Lets all voters label the weak view, one after another, and applies the mask.

        Args:
            student (nn.Module): The segmentor in training.
            image (Tensor): (N, 3, H, W), the weak view.
            samples (Sequence[SegDataSample]): Its samples.
        """
        return self.tally(student.label_space, self.votes(student, image), samples)

    @torch.no_grad()
    def tally(self, space: LabelSpace, votes: Iterable[Tensor], samples: Sequence) -> PseudoLabel:
        """Makes a pseudo-label of the logits (N, C, H, W) of voters, one after another."""
        valid = valid_pixels(samples)
        ballot = None if self.im is None else self.im.new_votes(space.num_labels)
        total, num_voters = None, 0
        finite = torch.ones(len(valid), dtype=torch.bool, device=valid.device)
        for logits in votes:
            # The largest logit of an image is NaN if one of them is, and inf after an overflow.
            finite &= logits.flatten(1).amax(dim=1).isfinite()
            prob = torch.nan_to_num_(space.probs(logits))
            if ballot is not None:
                ballot.add(space.hard(prob), valid)
            total = prob if total is None else total.add_(prob)
            num_voters += 1
        finite = finite.view(-1, 1, 1, 1)
        prob = total / num_voters
        label = space.hard(prob)
        weight = finite.float().expand_as(label)
        inconsistent = torch.zeros_like(valid)
        if ballot is not None:
            consensus = self.im(ballot, valid, label)
            label, inconsistent = consensus.label, consensus.inconsistent
            weight = weight * consensus.weight.view(-1, 1, 1, 1)
        return PseudoLabel(
            label=label,
            prob=prob,
            confidence=space.confidence(prob, label),
            inconsistent=inconsistent,
            valid=valid,
            weight=weight,
            finite=finite,
        )

    def votes(self, student: nn.Module, image: Tensor) -> Iterator[Tensor]:
        """Yields the logits (N, C, H, W) of every voter."""
        for teacher in self.teachers:
            yield from teacher.vote(student, image)

    def logged(self, pseudo: PseudoLabel) -> dict[str, Tensor]:
        """What every method adds to its losses for the log: images on which a teacher failed."""
        return dict(nan_images=(~pseudo.finite).sum().float())

    def paint(self, image: Tensor, pseudo: PseudoLabel) -> Tensor:
        """Paints the masked pixels of one of the student's views (nothing without a mask)."""
        if self.im is None:
            return image
        return self.im.paint_view(image, pseudo.inconsistent, self.fill)


def _scale(value, factor: float, key: str):
    """Multiplies a loss, or a list of losses, with a factor; other logged values stay."""
    if 'loss' not in key:
        return value
    return [v * factor for v in value] if is_list_of(value, Tensor) else value * factor
