# SPDX-License-Identifier: Apache-2.0
"""What hooks and loops need of a Runner."""

from collections.abc import Sequence

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.models.segmentors.base import BaseSegmentor

from ..methods.base import SSLMethod


def student_of(runner: Runner) -> BaseSegmentor:
    """The segmentor in training, without its DDP wrapper."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def method_of(runner: Runner) -> SSLMethod | None:
    """The semi-supervised method of the segmentor, None for a supervised one."""
    return getattr(student_of(runner), 'semi', None)


def classes_of(runner: Runner) -> Sequence[str]:
    """Class names of the training data; their numbers where the data has no names."""
    classes = getattr(runner.train_dataloader.dataset, 'metainfo', {}).get('classes')
    return classes or [str(i) for i in range(student_of(runner).num_classes)]
