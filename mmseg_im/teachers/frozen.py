# SPDX-License-Identifier: Apache-2.0
"""A teacher from a checkpoint, of any architecture."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor

from ..compat import swaps_channels
from ..errors import UserError
from .base import Teacher
from .networks import build_network, load_network, task_of


@MODELS.register_module()
class FrozenTeacher(Teacher):
    """A trained network of any architecture with the same classes; it never changes.

    Args:
        checkpoint (str): Path or URL of a checkpoint that a Runner wrote or of published weights.
        config (str, dict or None): Its config file or ``model`` dict. None: the student's
            architecture.
        views: See :class:`Teacher`.
        size_divisor: See :class:`Teacher`.

    Raises:
        MissingFileError: If the checkpoint or the config is missing.
        UserError: If it holds another architecture or another number of classes.
    """

    scale: Tensor | None
    """Tensor: (C, 1, 1); an image of the student times scale plus shift is one of the teacher;
    None if both are normalised alike."""

    shift: Tensor
    """Tensor: (C, 1, 1), likewise."""

    def __init__(
        self,
        checkpoint: str,
        config: str | dict[str, Any] | None = None,
        views: Sequence[str] = ('identity',),
        size_divisor: int = 1,
    ):
        super().__init__(views, size_divisor)
        self.checkpoint = checkpoint
        self.config = config

    def bind(self, student: BaseSegmentor, where: str) -> None:
        self.module = (
            copy.deepcopy(student) if self.config is None else build_network(self.config, where)
        )
        if self.module.num_classes != student.num_classes:
            raise UserError(
                f'{where}.config: the teacher has {self.module.num_classes} classes and the '
                f'student {student.num_classes}; a teacher needs the same classes.'
            )
        if self.module.out_channels != student.out_channels or task_of(self.module) != task_of(
            student
        ):
            raise UserError(
                f'{where}.config: the teacher predicts a {task_of(self.module)} task in '
                f'{self.module.out_channels} channels, the student a {task_of(student)} task in '
                f'{student.out_channels}; they must be the same.'
            )
        self.where = where
        self.classes = load_network(self.module, self.checkpoint, where)
        self.module.requires_grad_(False).eval()
        self._remember_normalisation(student, where)

    def _remember_normalisation(self, student: BaseSegmentor, where: str) -> None:
        """Buffers that turn images normalised for the student into the teacher's."""
        ours, theirs = self.module.data_preprocessor, student.data_preprocessor
        self.flip_channels = swaps_channels(ours) != swaps_channels(theirs)
        own_mean, own_std = _constants(ours)
        mean, std = _constants(theirs)
        if 1 != len(mean) != len(own_mean) != 1:
            raise UserError(
                f'{where}.config: the teacher takes images of {len(own_mean)} channels and the '
                f'student of {len(mean)}, by the mean of their data preprocessors; a teacher sees '
                'the images of the student.'
            )
        if self.flip_channels and len(mean) == 3:
            mean, std = mean.flip(0), std.flip(0)
        same = torch.equal(mean, own_mean) and torch.equal(std, own_std)
        self.register_buffer('scale', None if same else std / own_std, persistent=False)
        self.register_buffer('shift', None if same else (mean - own_mean) / own_std, False)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for key, value in self.module.state_dict().items():
            other = state_dict.get(f'{prefix}module.{key}')
            if other is not None and not torch.equal(other.cpu(), value.cpu()):
                raise UserError(
                    f'{self.where}.checkpoint is {self.checkpoint}, but the run that is loaded had '
                    'another frozen teacher there. Resume with the same file; to begin from that '
                    "run's student, take it out with tools/publish_student.py first."
                )
        super()._load_from_state_dict(state_dict, prefix, *args)

    def adapt(self, image: Tensor) -> Tensor:
        if self.flip_channels and image.shape[1] == 3:  # mmseg swaps no others
            image = image.flip(1)
        return image if self.scale is None else image * self.scale + self.shift


def _constants(data_preprocessor: SegDataPreProcessor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (C, 1, 1) of a data preprocessor; 0 and 1 if it has none."""
    if not getattr(data_preprocessor, '_enable_normalize', False):
        return torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
    return data_preprocessor.mean.cpu(), data_preprocessor.std.cpu()
