# SPDX-License-Identifier: Apache-2.0
"""Says which classes a network does not find, where the mean over the classes may look fine."""

import logging
import math
from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

PREFIX = 'IoU/'
REMEDY = (
    'Label more images that show it, give it a class weight, or a larger one than now '
    '(tools/class_weights.py prints one), or train longer. A mean over the classes, or pixel '
    'accuracy, can look fine meanwhile.'
)


def unfound(metrics: Mapping[str, float]) -> set[str]:
    """Names of the classes that validation images show and the student never finds.

    Args:
        metrics (Mapping[str, float]): Of a validation; ``IoU/CLASS`` is NaN for a class that is
            not in the annotations. Those of teachers have other names.
    """
    return {
        key.removeprefix(PREFIX)
        for key, value in metrics.items()
        if key.startswith(PREFIX) and value == 0
    }


@HOOKS.register_module()
class UnfoundClassesHook(Hook):
    """Warns of classes whose IoU is 0 in several validations in a row, and again at the end.

    A task in which one class covers nearly all pixels has a high accuracy and a passable mIoU when
    nothing of the other classes is found. Needs a metric that reports each class
    (``ClassIoUMetric``, ``MultiLabelIoUMetric``).

    Args:
        patience (int): Validations in a row, after which a class is named once.
    """

    priority = 'LOW'

    def __init__(self, patience: int = 3):
        self.patience = patience
        self.streaks: dict[str, int] = {}
        self.asked = False

    def before_train(self, runner) -> None:
        self.streaks, self.asked = {}, False

    def after_val_epoch(self, runner, metrics: Mapping[str, float] | None = None) -> None:
        """Counts validations in a row, and names classes and what validation cannot judge."""
        metrics = metrics or {}
        if not any(key.startswith(PREFIX) for key in metrics):
            if not self.asked:
                _warn(
                    'UnfoundClassesHook: validation reports no IoU/CLASS, so a class that is never '
                    "found would not be noticed. Set val_evaluator=dict(type='ClassIoUMetric', "
                    "iou_metrics=['mIoU'])."
                )
            self.asked = True
            return
        absent = sorted(
            key.removeprefix(PREFIX)
            for key, value in metrics.items()
            if key.startswith(PREFIX) and math.isnan(value)
        )
        if absent and not self.streaks:
            _warn(
                f'No validation image shows {", ".join(absent)}, so nothing is known about it. Put '
                'an image that does into the validation list. Where it is predicted, a mean counts '
                'it as 0.'
            )
        found_nothing = unfound(metrics)
        classes = [key.removeprefix(PREFIX) for key in metrics if key.startswith(PREFIX)]
        self.streaks = {
            name: self.streaks.get(name, 0) + 1 if name in found_nothing else 0 for name in classes
        }
        late = sorted(name for name, count in self.streaks.items() if count == self.patience)
        if late:
            _warn(
                f'IoU of {", ".join(late)} is 0 in {self.patience} validations in a row: the '
                f'network does not find it. {REMEDY}'
            )

    def after_train(self, runner) -> None:
        """Names the classes of which the last validation found nothing."""
        names = sorted(name for name, count in self.streaks.items() if count)
        if names:
            _warn(f'At the end IoU of {", ".join(names)} is 0. {REMEDY}')


def _warn(text: str) -> None:
    print_log(text, logger='current', level=logging.WARNING)
