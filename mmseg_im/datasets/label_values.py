# SPDX-License-Identifier: Apache-2.0
"""Class ids that annotations hold, and what all annotations of a data set say together."""

import logging
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from mmengine.logging import print_log

from ..errors import UserError
from ..labels.spaces import IGNORE_INDEX

SHOWN = 10  # classes in a message
MAY_LACK = 'may_lack_classes'  # key of metainfo
CORRECT = 'Correct the annotations, the classes in metainfo or the transform that loads them.'


def values_of(label: np.ndarray) -> list[int | float]:
    """Returns the values that occur in a label map, sorted."""
    if label.dtype in (np.uint8, np.bool_):
        return np.flatnonzero(np.bincount(label.ravel())).tolist()
    return np.unique(label).tolist()


def class_of(value: float, info: dict) -> float:
    """Returns the class id that MMSegmentation makes of a value when it loads an annotation.

    Args:
        value (float): In the file.
        info (dict): Of the sample: ``reduce_zero_label`` and ``label_map`` of its data set.

    Returns:
        float: The value itself if it is none of 8 bits, and so no class.
    """
    if value not in range(IGNORE_INDEX + 1):  # mmseg would cut off the higher bits
        return value
    if info.get('reduce_zero_label'):
        value = IGNORE_INDEX if value in (0, IGNORE_INDEX) else value - 1
    return (info.get('label_map') or {}).get(value, value)


def check_common(
    found: Iterable[Collection[int]], metainfo: dict, where: str, overlap: bool, ids: bool
) -> None:
    """Checks what the annotations of all labeled images say together.

    One class alone is nothing to learn, and a class that no annotation holds is never predicted:
    nearly always a list of classes or a file that is read wrongly. Where few images are labeled a
    rare class may really be absent; then ``may_lack_classes=True`` in ``metainfo`` of the data set
    makes a warning of it.

    Args:
        found (Iterable[Collection[int]]): Class ids and 255 in each annotation.
        metainfo (dict): Of the data set. Without ``classes`` nothing is checked.
        where (str): Config key of the data set, for the messages.
        overlap (bool): Whether classes overlap: absence is then a label, too, and one is enough.
        ids (bool): Whether the annotations hold class ids that ``LoadAnnotations`` loads.

    Raises:
        UserError: If all annotations hold one class at most, or together not all classes.
    """
    classes = metainfo.get('classes') or ()
    number, held = _union(found)
    present = [i for i in range(len(classes)) if i in held]
    if len(present) < (1 if overlap else min(2, len(classes))):
        raise UserError(
            f'{where}: its {number} annotations hold {_names(present, classes)} alone'
            f'{_ignored(held)}: there is nothing to learn. {_remedy(held, ids)}'
        )
    absent = [i for i in range(len(classes)) if i not in held]
    if not absent:
        return
    text = (
        f'{where}: none of its {number} annotations holds {_names(absent, classes)}'
        f'{_ignored(held, "; some pixels hold")}. No label teaches the network what is absent.'
    )
    if not metainfo.get(MAY_LACK):
        raise UserError(
            f'{text} {CORRECT} If images that show it are not labeled yet, set '
            f'{where}.metainfo.{MAY_LACK}=True.'
        )
    print_log(text, logger='current', level=logging.WARNING)


def check_not_ignored(found: Iterable[Collection[int]], classes: Sequence[str], where: str) -> None:
    """Raises a UserError if annotations of class ids hold 0 and 255 alone, as binary masks do.

    For validation and test, which may lack any class. Args: see :func:`check_common`.
    """
    number, held = _union(found)
    if len(classes) > 1 and held == {0, IGNORE_INDEX}:
        raise UserError(
            f'{where}: its {number} annotations hold {_names([0], classes)} alone'
            f'{_ignored(held)}: there is nothing to measure. {_remedy(held, True)}'
        )


def _union(found: Iterable[Collection[int]]) -> tuple[int, set[int]]:
    each = list(found)
    return len(each), set().union(*each)


def _names(ids: Sequence[int], classes: Sequence[str]) -> str:
    if not ids:
        return 'no class'
    names = ', '.join(f'{classes[i]} ({i})' for i in ids[:SHOWN])
    more = f' and {len(ids) - SHOWN} others' if len(ids) > SHOWN else ''
    return f'the class{"es" if len(ids) > 1 else ""} {names}{more}'


def _ignored(held: Collection[int], text: str = ', beside') -> str:
    return f'{text} {IGNORE_INDEX}, which is ignored' if IGNORE_INDEX in held else ''


def _remedy(held: Collection[int], ids: bool) -> str:
    if ids and IGNORE_INDEX in held:
        return (
            f'If {IGNORE_INDEX} means foreground, load them with LoadBinaryAnnotations in place of '
            'LoadAnnotations (docs/label_spaces.md).'
        )
    return CORRECT
