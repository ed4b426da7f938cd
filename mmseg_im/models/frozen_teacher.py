# SPDX-License-Identifier: Apache-2.0
"""A teacher from a checkpoint, of any architecture."""

import copy

import torch
from mmengine import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..compat import swaps_channels
from ..errors import MissingFileError, UserError
from .teachers import METHOD_PREFIX, Teacher


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
        FileNotFoundError: If the checkpoint or the config is missing.
        ValueError: If it holds another architecture or another number of classes.
    """

    def __init__(self, checkpoint: str, config=None, views=('identity',), size_divisor: int = 1):
        super().__init__(views, size_divisor)
        self.checkpoint = checkpoint
        self.config = config

    def bind(self, student: nn.Module, where: str) -> None:
        self.module = self._build(student, where)
        if self.module.num_classes != student.num_classes:
            raise UserError(
                f'{where}.config: the teacher has {self.module.num_classes} classes and the '
                f'student {student.num_classes}; a teacher needs the same classes.'
            )
        if self.module.out_channels != student.out_channels or _task(self.module) != _task(student):
            raise UserError(
                f'{where}.config: the teacher predicts a {_task(self.module)} task in '
                f'{self.module.out_channels} channels, the student a {_task(student)} task in '
                f'{student.out_channels}; they must be the same.'
            )
        self.where = where
        self._load(where)
        self.module.requires_grad_(False).eval()
        self._remember_normalisation(student)

    def _build(self, student: nn.Module, where: str) -> nn.Module:
        if self.config is None:
            return copy.deepcopy(student)
        cfg = self.config
        if isinstance(cfg, str):
            try:
                cfg = Config.fromfile(cfg).model
            except FileNotFoundError:
                raise MissingFileError(f'{where}.config: {cfg} does not exist.') from None
        cfg = copy.deepcopy(cfg)
        cfg.pop('semi', None)
        return MODELS.build(cfg)

    def _load(self, where: str) -> None:
        try:
            checkpoint = CheckpointLoader.load_checkpoint(self.checkpoint, map_location='cpu')
        except FileNotFoundError:
            raise MissingFileError(
                f'{where}.checkpoint: {self.checkpoint} does not exist. Train the teacher first '
                'or correct the path.'
            ) from None
        self.classes = checkpoint.get('meta', {}).get('dataset_meta', {}).get('classes')
        weights = {
            key: value
            for key, value in checkpoint.get('state_dict', checkpoint).items()
            if not key.startswith(METHOD_PREFIX)
        }
        own = self.module.state_dict()
        wrong = [
            key
            for key, value in own.items()
            if key not in weights or weights[key].shape != value.shape
        ]
        wrong += [key for key in weights if key not in own]
        if wrong:
            self._refuse(where, own, weights, wrong)
        self.module.load_state_dict(weights)

    def _refuse(self, where: str, own: dict, weights: dict, wrong: list[str]) -> None:
        if all('conv_seg' in key and key in weights and key in own for key in wrong):
            raise UserError(
                f'{where}.checkpoint: {self.checkpoint} has {len(weights[wrong[0]])} classes and '
                f'the student {len(own[wrong[0]])}; a teacher needs the same classes.'
            )
        raise UserError(
            f'{where}.checkpoint: {self.checkpoint} is of another architecture: {len(wrong)} '
            f'weights do not fit, such as {", ".join(wrong[:3])}. Name its config file in '
            f'{where}.config.'
        )

    def _remember_normalisation(self, student: nn.Module) -> None:
        """Buffers that turn images normalised for the student into the teacher's."""
        ours, theirs = self.module.data_preprocessor, student.data_preprocessor
        self.flip_channels = swaps_channels(ours) != swaps_channels(theirs)
        own_mean, own_std = _constants(ours)
        mean, std = (c.flip(0) if self.flip_channels else c for c in _constants(theirs))
        same = torch.equal(mean, own_mean) and torch.equal(std, own_std)
        self.register_buffer('scale', None if same else std / own_std, persistent=False)
        self.register_buffer('shift', None if same else (mean - own_mean) / own_std, False)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
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
        if self.flip_channels:
            image = image.flip(1)
        return image if self.scale is None else image * self.scale + self.shift


def _task(segmentor: nn.Module) -> str:
    """Name of a segmentor's label space; a stock one is binary if it has a single channel."""
    space = getattr(segmentor, 'label_space', None)
    if space is not None:
        return type(space).__name__
    return 'Binary' if segmentor.out_channels == 1 else 'MultiClass'


def _constants(data_preprocessor: nn.Module) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3, 1, 1) of a data preprocessor; 0 and 1 if it has none."""
    if not getattr(data_preprocessor, '_enable_normalize', False):
        return torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    return data_preprocessor.mean.cpu(), data_preprocessor.std.cpu()
