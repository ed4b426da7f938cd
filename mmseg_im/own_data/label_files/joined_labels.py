# SPDX-License-Identifier: Apache-2.0
"""Classes of several labels, as ``--classes`` names them: ``cell=cel+cell``."""

from collections import Counter
from collections.abc import Collection, Sequence

from ...errors import UserError
from .label_places import plain_label


def joined_labels(classes: Sequence[str], labels: Collection[str]) -> dict[str, list[str]]:
    """Returns the labels of each class.

    Args:
        classes (Sequence[str]): ``NAME``, which is a label, or ``NAME=LABEL+LABEL``.
        labels (Collection[str]): Those of the files: one with ``=`` or ``+`` in it is not taken
            apart.

    Raises:
        UserError: If a name or a label is empty or occurs twice.
    """
    groups: list[tuple[str, list[str]]] = []
    for text in map(plain_label, classes):
        name, sign, joined = (plain_label(part) for part in text.partition('='))
        if not sign or text in labels:
            groups.append((text, [text]))
        else:
            parts = [joined] if joined in labels else [*map(plain_label, joined.split('+'))]
            groups.append((name, parts))
    drawn = [label for _, some in groups for label in some]
    for what, items in (('name', [name for name, _ in groups]), ('label', drawn)):
        if not all(item.strip() for item in items):
            raise UserError(f'--classes: a {what} is empty. Write NAME, or NAME=LABEL+LABEL.')
        twice = [item for item, count in Counter(items).items() if count > 1]
        if twice:
            raise UserError(
                f'--classes: the {what} {twice[0]} is given twice. Several labels of one class are '
                'written NAME=LABEL+LABEL.'
            )
    return dict(groups)
