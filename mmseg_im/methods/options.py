# SPDX-License-Identifier: Apache-2.0
"""Checks that several methods share."""

from torch import nn

from ..errors import UserError
from ..teachers.networks import task_of
from .student import Student, Views


def check_shares(**values: float) -> None:
    """Raises a UserError for an option of ``model.semi`` that does not lie in [0, 1]."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise UserError(f'model.semi.{name}={value} must lie in [0, 1].')


def check_partner(name: str, network: Student, student: Student) -> None:
    """Checks that a network can be trained beside the student: ``model.semi.NAME``.

    Raises:
        UserError: If it is no SemiSegmentor, of another task, or normalises images differently.
    """
    if not hasattr(network, 'joint'):
        raise UserError(f"model.semi.{name}.type must be 'SemiSegmentor'.")
    ours, theirs = (f'{n.out_channels} channels of a {task_of(n)} task' for n in (student, network))
    if ours != theirs:
        raise UserError(
            f'model.semi.{name} predicts {theirs}, and the student {ours}; they must be the same.'
        )
    if normalisation(network) != normalisation(student):
        raise UserError(
            f'model.semi.{name}.data_preprocessor normalises images in another way than '
            'model.data_preprocessor, whose images it is trained on; copy that one.'
        )


def normalisation(network: Student) -> list[list[float]]:
    """Returns mean and standard deviation of a network's images; empty if there are none."""
    constants = network.data_preprocessor
    if not getattr(constants, '_enable_normalize', False):
        return []
    return [constants.mean.flatten().tolist(), constants.std.flatten().tolist()]


def refuse_other_sizes(method: nn.Module, views: Views) -> None:
    """Raises a UserError if labeled and unlabeled images of a batch differ in size."""
    sizes = {name: tuple(image.shape[2:]) for name, image in views.items()}
    if len(set(sizes.values())) > 1:
        raise UserError(
            f'model.semi={type(method).__name__} mixes labeled and unlabeled images, which have '
            f'the sizes {sizes}: set model.data_preprocessor.size to the crop size.'
        )


def refuse_cascade(method: nn.Module, student: Student) -> None:
    """Raises a UserError if a student has several decode heads, one after another."""
    if isinstance(student.decode_head, nn.ModuleList):
        raise UserError(
            f'model.semi={type(method).__name__} changes what the decoder sees, which a cascade of '
            'decode heads does not allow: use SemiSegmentor with a single decode_head.'
        )
