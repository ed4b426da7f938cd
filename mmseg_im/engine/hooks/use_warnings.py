# SPDX-License-Identifier: Apache-2.0
"""Says that unlabeled images teach nothing, or one class alone, without repeating itself."""

import logging
from collections.abc import Mapping

from mmengine.logging import print_log

LITTLE = 0.01
"""float: Below this share of the unlabeled pixels with a loss nothing is learned from them."""
NEARLY_ALL = 0.95
"""float: Above this share the confidence of the teachers holds nothing back."""
PREDICTED = 'im/epoch/predicted_of/'
"""str: How the names of the shares of the classes in the pseudo-labels of an epoch begin."""
TRACE = 0.001
"""float: Below this share of the pixels a class is not taught."""


class UseWarnings:
    """Warns the first time that it happens, and at the end if it went on until then."""

    def __init__(self):
        self._epochs = self._little = 0
        self._goes_on = self._said_one_class = False
        self._alone: str | None = None
        self._used = 0.0

    def after_epoch(self, used: float, predicted: Mapping[str, float]) -> None:
        """Judges an epoch.

        Args:
            used (float): Share of the unlabeled pixels that carried a loss, in [0, 1].
            predicted (Mapping[str, float]): Share of them that each class has in the
                pseudo-labels, in [0, 1]; where classes may overlap all may be 0.
        """
        self._epochs += 1
        self._goes_on = used < LITTLE
        self._little += self._goes_on
        if self._goes_on and self._little == 1:
            _warn(
                'Almost no unlabeled pixel carried a loss in this epoch. If that goes on (im/used '
                "in the log), the teachers' confidence does not reach model.semi.threshold, or "
                'they agree nowhere: train with more updates or a larger learning rate, or lower '
                'the threshold.'
            )
        self._alone = taught_alone(used, predicted)
        if self._alone and not self._said_one_class:
            self._said_one_class = True
            _warn(one_class_text(used, self._alone, 'in this epoch'))
        self._used = used

    def at_end(self) -> None:
        """Says again what is still so in the last of several epochs."""
        if self._alone and self._epochs > 1:
            _warn(one_class_text(self._used, self._alone, 'in the last epoch, too'))
        if self._goes_on and self._epochs > 1:
            _warn(
                f'Almost no unlabeled pixel carried a loss in {self._little} of {self._epochs} '
                'epochs, the last one included: this network learned from the labeled images '
                'alone. Train with more updates or a larger learning rate, or lower '
                'model.semi.threshold.'
            )


def taught_alone(used: float, predicted: Mapping[str, float]) -> str | None:
    """Returns the class that pseudo-labels teach alone on nearly all pixels, in words; else None.

    Args:
        used, predicted: See :meth:`UseWarnings.after_epoch`.
    """
    taught = [name for name, share in predicted.items() if share >= TRACE]
    if used <= NEARLY_ALL or len(predicted) < 2 or len(taught) > 1:
        return None
    return taught[0] if taught else 'the absence of every class'


def one_class_text(used: float, alone: str, when: str) -> str:
    """Returns the sentence about pseudo-labels of one class."""
    return (
        f'{used:.1%} of the unlabeled pixels carried a loss {when}, and the pseudo-labels teach '
        f'{alone} alone: what is rare is forgotten. Let labeled images teach first '
        '(model.sup_only_iters), with class weights (tools/class_weights.py) or more labeled '
        'images of the other classes.'
    )


def _warn(text: str) -> None:
    print_log(text, logger='current', level=logging.WARNING)
