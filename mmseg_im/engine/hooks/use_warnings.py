# SPDX-License-Identifier: Apache-2.0
"""Says that unlabeled images teach nothing, or one class alone, without repeating itself."""

import logging
from collections.abc import Mapping

from mmengine.logging import print_log

LITTLE = 0.01
"""float: Below this share of the unlabeled pixels with a loss nothing is learned from them."""
NEARLY_ALL = 0.95
"""float: Above this share the confidence of the teachers holds nothing back."""
TRACE = 0.001
"""float: Below this share of the pixels a class is not taught."""


class UseWarnings:
    """Warns the first time that it happens, and at the end if it went on until then."""

    def __init__(self):
        self._epochs = self._little = 0
        self._goes_on = self._said_one_class = False

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
        taught = [name for name, share in predicted.items() if share >= TRACE]
        of_one = len(predicted) > 1 and len(taught) < 2
        if used > NEARLY_ALL and of_one and not self._said_one_class:
            self._said_one_class = True
            _warn(
                f'{used:.1%} of the unlabeled pixels carried a loss in this epoch, and the '
                f'pseudo-labels teach {taught[0] if taught else "the absence of every class"} '
                'alone: what is rare is forgotten. Let labeled images teach first '
                '(model.sup_only_iters), with class weights (tools/class_weights.py) or more '
                'labeled images of the other classes.'
            )

    def at_end(self) -> None:
        """Says again that almost no pixel was used, if that is still so after several epochs."""
        if self._goes_on and self._epochs > 1:
            _warn(
                f'Almost no unlabeled pixel carried a loss in {self._little} of {self._epochs} '
                'epochs, the last one included: this network learned from the labeled images '
                'alone. Train with more updates or a larger learning rate, or lower '
                'model.semi.threshold.'
            )


def _warn(text: str) -> None:
    print_log(text, logger='current', level=logging.WARNING)
