# SPDX-License-Identifier: Apache-2.0
"""The student as its own teacher."""

from collections.abc import Iterator

from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor

from .base import Teacher
from .networks import eval_mode


@MODELS.register_module()
class SelfTeacher(Teacher):
    """The student itself, in eval mode (BN running statistics), as in UniMatch V1's mix stream."""

    def vote(self, student: BaseSegmentor, image: Tensor) -> Iterator[Tensor]:
        with eval_mode(student):
            yield from super().vote(student, image)

    def network(self, student: BaseSegmentor) -> BaseSegmentor:
        return student
