# SPDX-License-Identifier: Apache-2.0
"""Teachers: networks that label the weak view. Always in eval mode, never with gradient."""

import copy
from collections.abc import Iterator, Sequence

import torch
from mmengine import Config
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..compat import swaps_channels
from ..errors import MissingFileError, UserError
from .logits import pixel_logits
from .views import parse_view

METHOD_PREFIX = 'semi.'
"""str: Keys of the semi-supervised method in a checkpoint; all others are the student's."""


class Teacher(BaseModule):
    """Base of all teachers.

    Args:
        views (Sequence[str]): Each view is one voter, see :func:`~.views.parse_view`.
        size_divisor (int): Scaled views are rounded to a multiple of this, for networks that
            need it (16 for mmseg's UNet with five stages, 14 for DINOv2).
    """

    def __init__(self, views: Sequence[str] = ('identity',), size_divisor: int = 1):
        super().__init__()
        if not views or isinstance(views, str):
            raise UserError(f"views={views!r} must be a list of names such as ['identity'].")
        if len(set(views)) < len(views):
            raise UserError(f'views={views!r}: the same view twice is no second opinion.')
        self.views = [parse_view(name, size_divisor) for name in views]

    def bind(self, student: nn.Module, where: str) -> None:
        """Builds what depends on the student, once, before training.

        Args:
            student (nn.Module): A SemiSegmentor without its method.
            where (str): The config key of this teacher, for error messages.
        """

    def update(self, student: nn.Module) -> None:
        """Follows the student; called at the start of every training step."""

    def vote(self, student: nn.Module, image: Tensor) -> Iterator[Tensor]:
        """Predicts a batch, one view after another, so that only one volume of logits lives.

        Args:
            student (nn.Module): The network in training.
            image (Tensor): (N, 3, H, W), normalised for the student.

        Yields:
            Tensor: (N, C, H, W) float32 logits at the input size.
        """
        network = self.network(student)
        image = self.adapt(image)
        for view in self.views:
            logits = pixel_logits(network, view.apply(image))
            yield view.undo(logits.float(), image.shape[2:])

    def network(self, student: nn.Module) -> nn.Module:
        """The segmentor that predicts."""
        return self.module

    def adapt(self, image: Tensor) -> Tensor:
        """Changes the student's normalisation to the teacher's."""
        return image

    def train(self, mode: bool = True) -> 'Teacher':
        """Stays in eval mode whatever ``mode`` says."""
        return super().train(False)

    def init_weights(self) -> None:
        """Does nothing: the weights come from the student or from a checkpoint."""


def ema_weight(step: int, momentum: float) -> float:
    """Share of the student in the mean at a step: ``max(1 / (step + 1), momentum)``.

    This is UniMatch V2's schedule ``min(1 - 1 / (step + 1), 1 - momentum)`` for the old mean;
    step 0 copies the student.
    """
    return max(1.0 / (step + 1), momentum)


@MODELS.register_module()
class EMATeacher(Teacher):
    """Exponential moving average of the student: ``t <- (1 - w) t + w s``, see :func:`ema_weight`.

    Parameters are averaged, buffers (BN statistics) copied. mmengine's averaged models read their
    step counter from the device for every parameter; this one never waits for the device.

    Args:
        momentum (float): Final share of the student in each step, in (0, 1]; 0.004 is UniMatch
            V2's decay of 0.996.
        views: See :class:`Teacher`.
        size_divisor: See :class:`Teacher`.
    """

    def __init__(self, momentum: float = 0.004, views=('identity',), size_divisor: int = 1):
        super().__init__(views, size_divisor)
        if not 0 < momentum <= 1:
            raise UserError(
                f'EMATeacher.momentum={momentum} must lie in (0, 1]: it is the share of the '
                'student in each step, 0.004 for a decay of 0.996.'
            )
        self.momentum = momentum
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))
        self._step: int | None = None  # the same number on the host

    def bind(self, student: nn.Module, where: str) -> None:
        self.module = copy.deepcopy(student).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, student: nn.Module) -> None:
        if self._step is None:
            self._step = int(self.steps)
        mine = dict(self.module.named_parameters())
        theirs = dict(student.named_parameters())
        means, current = list(mine.values()), [theirs[name] for name in mine]
        if self._step == 0:  # a mean with what lay in memory before could be NaN
            torch._foreach_copy_(means, current)
        else:
            get_ema_multi_avg_fn(1 - ema_weight(self._step, self.momentum))(means, current, None)
        buffers = dict(student.named_buffers())
        for name, buffer in self.module.named_buffers():
            buffer.copy_(buffers[name])
        self.steps += 1
        self._step += 1

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._step = None


@MODELS.register_module()
class SelfTeacher(Teacher):
    """The student itself, in eval mode (BN running statistics), as in UniMatch V1's mix stream."""

    def vote(self, student: nn.Module, image: Tensor) -> Iterator[Tensor]:
        modes = [(module, module.training) for module in student.modules()]
        student.eval()
        try:
            yield from super().vote(student, image)
        finally:
            for module, training in modes:  # a module may have been in eval mode on purpose
                module.training = training

    def network(self, student: nn.Module) -> nn.Module:
        return student


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
