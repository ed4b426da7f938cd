# SPDX-License-Identifier: Apache-2.0
"""Checks that several methods share."""

from torch import nn

from ..errors import UserError


def check_shares(**values: float) -> None:
    """Raises a UserError for an option of ``model.semi`` that does not lie in [0, 1]."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise UserError(f'model.semi.{name}={value} must lie in [0, 1].')


def refuse_other_sizes(method: nn.Module, views: dict) -> None:
    """Raises a UserError if labeled and unlabeled images of a batch differ in size."""
    sizes = {name: tuple(image.shape[2:]) for name, image in views.items()}
    if len(set(sizes.values())) > 1:
        raise UserError(
            f'model.semi={type(method).__name__} mixes labeled and unlabeled images, which have '
            f'the sizes {sizes}: set model.data_preprocessor.size to the crop size.'
        )


def refuse_cascade(method: nn.Module, student: nn.Module) -> None:
    """Raises a UserError if a student has several decode heads, one after another."""
    if isinstance(student.decode_head, nn.ModuleList):
        raise UserError(
            f'model.semi={type(method).__name__} changes what the decoder sees, which a cascade of '
            'decode heads does not allow: use SemiSegmentor with a single decode_head.'
        )
