# SPDX-License-Identifier: Apache-2.0
"""Gets student, method and class names from a Runner, for hooks and loops."""

from collections.abc import Sequence

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.models.segmentors.base import BaseSegmentor

from ..methods.base import SSLMethod


def student_of(runner: Runner) -> BaseSegmentor:
    """Returns the segmentor in training, without its DDP wrapper."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def method_of(runner: Runner) -> SSLMethod | None:
    """Returns the semi-supervised method of the segmentor, None for a supervised one."""
    return getattr(student_of(runner), 'semi', None)


def classes_of(runner: Runner) -> Sequence[str]:
    """Returns the class names of the training data; their numbers if the data names none."""
    classes = getattr(runner.train_dataloader.dataset, 'metainfo', {}).get('classes')
    return classes or [str(i) for i in range(student_of(runner).num_classes)]
