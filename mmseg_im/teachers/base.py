# SPDX-License-Identifier: Apache-2.0
"""Teachers: networks that label the weak view. Always in eval mode, never with gradient."""

import itertools
from collections.abc import Iterator, Sequence

import torch
from mmengine.model import BaseModule
from mmseg.models.segmentors.base import BaseSegmentor
from torch import Tensor

from ..errors import UserError
from ..labels.logits import pixel_logits
from .views import parse_view


class Teacher(BaseModule):
    """Base of all teachers.

    Args:
        views (Sequence[str]): Each view is one voter, see :func:`~.views.parse_view`.
        size_divisor (int): Scaled views are rounded to a multiple of this, for networks that
            need it (16 for mmseg's UNet with five stages, 14 for DINOv2).
    """

    module: BaseSegmentor
    """BaseSegmentor: The network of a teacher that has one of its own."""

    def __init__(self, views: Sequence[str] = ('identity',), size_divisor: int = 1):
        super().__init__()
        if not views or isinstance(views, str):
            raise UserError(f"views={views!r} must be a list of names such as ['identity'].")
        if len(set(views)) < len(views):
            raise UserError(f'views={views!r}: the same view twice is no second opinion.')
        self.views = [parse_view(name, size_divisor) for name in views]

    def bind(self, student: BaseSegmentor, where: str) -> None:
        """Builds what depends on the student, once, before training.

        Args:
            student (BaseSegmentor): A SemiSegmentor without its method.
            where (str): The config key of this teacher, for error messages.
        """

    def update(self, student: BaseSegmentor) -> None:
        """Follows the student; called at the start of every training step."""

    def vote(self, student: BaseSegmentor, image: Tensor) -> Iterator[Tensor]:
        """Predicts a batch in all views; neighbouring views of one size share a forward pass.

        Args:
            student (BaseSegmentor): The network in training.
            image (Tensor): (N, 3, H, W), normalised for the student.

        Yields:
            Tensor: (N, C, H, W) float32 logits at the input size.
        """
        network = self.network(student)
        image = self.adapt(image)
        for _, group in itertools.groupby(self.views, key=lambda view: view.scale):
            views = list(group)
            logits = pixel_logits(network, torch.cat([view.apply(image) for view in views]))
            for view, part in zip(views, logits.chunk(len(views)), strict=True):
                yield view.undo(part.float(), image.shape[2:])

    def network(self, student: BaseSegmentor) -> BaseSegmentor:
        """The segmentor that predicts."""
        return self.module

    def adapt(self, image: Tensor) -> Tensor:
        """Changes the student's normalisation to the teacher's."""
        return image

    def train(self, mode: bool = True) -> 'Teacher':
        """Stays in eval mode whatever ``mode`` says."""
        super().train(False)
        return self

    def init_weights(self) -> None:
        """Does nothing: the weights come from the student or from a checkpoint."""
