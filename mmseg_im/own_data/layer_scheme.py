# SPDX-License-Identifier: Apache-2.0
"""Guesses of label space and classes where each class has a folder of masks."""

from collections import Counter
from collections.abc import Sequence

from ..errors import UserError
from ..errors.wording import counted
from .layers import Layers
from .scheme import Scheme, check_names, check_number, palette_for


def scheme_of_layers(
    layers: Sequence[Layers],
    classes: Sequence[str] | None = None,
    label_space: str | None = None,
) -> Scheme:
    """The scheme of masks with one folder for each class.

    Args:
        layers (Sequence[Layers]): Of all images whose masks can be decoded.
        classes (Sequence[str], optional): Folders in the order of their ids.
        label_space (str, optional): In place of the guess.
    """
    folders = list(layers[0].paths)
    names = list(classes or sorted(folders, key=lambda name: (name != 'background', name)))
    reasons = [f'masks: one folder for each class: {", ".join(folders)}']
    overlaps: Counter = Counter()
    for layer in layers:
        overlaps.update(layer.overlaps)
    if label_space is not None:
        space, why = label_space, 'because of --label-space'
    elif len(names) == 1:
        space, why = 'binary', 'because there is one folder'
    elif overlaps:
        (a, b), count = overlaps.most_common(1)[0]
        space, why = (
            'multilabel',
            f'because classes overlap: {a} and {b} share {counted(count, "pixel")}',
        )
    else:
        space, why = 'multiclass', 'because in no pixel two classes overlap'
    reasons.append(f'label space: {space}, {why}')
    if space == 'binary' and len(names) != 1:
        raise UserError(f'--label-space binary needs one folder, not {", ".join(names)}.')
    if space == 'multilabel' and len(names) < 2:
        raise UserError(
            '--label-space multilabel needs two classes or more, and there is '
            f'{names[0]} alone; use binary.'
        )
    if space == 'binary':
        names = ['background', *names]
    elif space == 'multiclass' and any(layer.uncovered for layer in layers):
        if 'background' in names:
            reasons.append('background: its folder, and the pixels that are in no class')
        else:
            names = ['background', *names]
            reasons.append('background: class 0, because some pixels are in no class')
    check_names(names)
    check_number(names)
    palette = palette_for(len(names))
    if space == 'multilabel':  # its first class is no background
        palette = palette_for(len(names) + 1)[1:]
    return Scheme(space, 'folders', tuple(names), (), frozenset(), palette, tuple(reasons))
