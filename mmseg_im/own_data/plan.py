# SPDX-License-Identifier: Apache-2.0
"""Decides what the survey of two folders leaves open: size, suffix, validation images."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from prettytable import PrettyTable

from ..errors import UserError
from .class_weights import default_weights
from .facts import Facts
from .masks import code_text
from .narrow import without_narrow
from .splitting import Splits, draw_splits
from .survey import Survey, class_pixels
from .white import levels_by_suffix, levels_text, white_levels

LONGER_SIDE, SHORTER_SIDE = 512, 32


@dataclass(frozen=True)
class Plan:
    """What will be written.

    Attributes:
        survey (Survey): What there is.
        splits (Splits): Of the annotated images: ``labeled[0]`` and ``val``.
        unlabeled (list[str]): Images without a mask.
        size (tuple[int, int]): Height and width to which images are brought.
        suffix (str): Of all images in the project.
        white (dict[str, float]): The value of each image that becomes 255.
        network (str): Name in :data:`~.network_choices.NETWORKS`.
        reasons (list[str]): What was guessed, and why.
    """

    survey: Survey
    splits: Splits
    unlabeled: list[str]
    size: tuple[int, int]
    suffix: str
    white: dict[str, float]
    network: str
    reasons: list[str]

    @property
    def facts(self) -> Facts:
        """Facts: For the configs."""
        found, labeled = self.survey, self.splits.labeled[0]
        counts = [class_pixels(found.masks[name], found.scheme) for name in labeled]
        pixels = np.array([[of_image[cls] for cls in found.scheme.names] for of_image in counts])
        known = pixels.sum(axis=1)  # each pixel has one class, if classes do not overlap
        if found.scheme.label_space == 'multilabel':
            known = np.array([np.prod(found.masks[name].size) for name in labeled])
        return Facts(
            found.scheme,
            self.size,
            self.suffix,
            len(labeled),
            len(self.unlabeled),
            len(self.splits.val),
            self.network,
            default_weights(pixels, known, found.scheme.label_space),
            levels_by_suffix(found.images),
            lacking=not pixels.any(axis=0).all(),
        )


def make_plan(
    found: Survey,
    val: Fraction,
    size: tuple[int, int] | None = None,
    groups: Mapping | None = None,
    network: str = 'lite0',
) -> Plan:
    """Decides what the survey leaves open.

    Args:
        found (Survey): What there is.
        val (Fraction): Share of the annotated images that are for validation.
        size (tuple[int, int], optional): Height and width, in place of the guess.
        groups (Mapping[str, str], optional): See :func:`~mmseg_im.own_data.splitting.draw_splits`.
        network (str): Name in :data:`~.network_choices.NETWORKS`.

    Returns:
        Plan: Its survey is without images that are too narrow for the size.

    Raises:
        UserError: If too few annotated images are left, or all of them are in one group.
    """
    guessed, why_size = _size(found)
    found = without_narrow(found, size or guessed)
    names = list(found.masks)
    count = min(max(int(val * len(names) + Fraction(1, 2)), 1), len(names) - 1)
    classes = {name: {c for c, n in class_pixels(mask, found.scheme).items() if n}
               for name, mask in found.masks.items()}  # fmt: skip
    splits = draw_splits(names, [len(names) - count], count, 0, 0, groups, classes)
    if not splits.labeled[0] or not splits.val:
        raise UserError(
            'All annotated images are in one group, so none is left to measure on. Choose another '
            '--group-by.'
        )
    unlabeled = [name for name in found.images if name not in found.masks]
    suffix, why_suffix = _suffix(found)
    reasons = [
        f'suffix: {suffix}, {why_suffix}',
        *levels_text(found.images),
        *found.reasons,
        *found.scheme.reasons,
    ]
    reasons.append(
        f'size: {size[0]}x{size[1]} (height x width), because of --size' if size else
        f'size: {guessed[0]}x{guessed[1]} (height x width), {why_size} (--size)'
    )  # fmt: skip
    reasons.append(
        f'validation: {len(splits.val)} of {len(names)} annotated images, drawn at random (--val)'
    )
    return Plan(
        found,
        splits,
        unlabeled,
        size or guessed,
        suffix,
        white_levels(found.images),
        network,
        reasons,
    )


def classes_table(plan: Plan) -> PrettyTable:
    """Id, name, value or colour, pixels and images of each class."""
    scheme = plan.survey.scheme
    table = PrettyTable(['id', 'class', 'in the masks', 'pixels', 'labeled', 'val'], align='r')
    table.align['class'] = 'l'
    counts = {name: class_pixels(mask, scheme) for name, mask in plan.survey.masks.items()}
    total = sum(mask.size[0] * mask.size[1] for mask in plan.survey.masks.values())
    for i, cls in enumerate(scheme.names):
        code = code_text(scheme.codes[i], scheme.kind == 'colours') if scheme.codes else 'folder'
        pixels = sum(found[cls] for found in counts.values())
        images = [
            sum(counts[name][cls] > 0 for name in names)
            for names in (plan.splits.labeled[0], plan.splits.val)
        ]
        table.add_row([i, cls, code, f'{pixels / total:.2%}', *images])
    return table


def _suffix(found: Survey) -> tuple[str, str]:
    """One suffix for all images, as MMSegmentation wants it."""
    suffixes = sorted({real_suffix(image.path) for image in found.images.values()})
    converted = sum(not image.loads for image in found.images.values())
    if len(suffixes) == 1 and not converted:
        return suffixes[0], 'because all images have it; they are linked'
    if converted:
        total = len(found.images)
        why = f'because mmcv does not load {converted} of {total} images right as they are'
    else:
        why = f'because the images have {", ".join(suffixes)}, and a data set has one suffix'
    return '.png', f'{why}: PNG files of 8 bits are linked, all others are written as PNG'


def real_suffix(path: Path) -> str:
    """The suffix in small letters, and ``.jpg`` for ``.jpeg``."""
    suffix = path.suffix.lower()
    return '.jpg' if suffix == '.jpeg' else suffix


def _size(found: Survey) -> tuple[tuple[int, int], str]:
    sizes = np.array([image.size for image in found.images.values()])
    height, width = (int(side) for side in np.median(sizes, axis=0))
    ratio = min(1, LONGER_SIDE / max(height, width))
    why = f'because the images have {height}x{width} in the median'
    if ratio < 1:
        why += f', brought to {LONGER_SIDE} on the longer side'
    guess = [round(side * ratio) for side in (height, width)]
    if min(guess) < SHORTER_SIDE:
        why += f', and no side to fewer than {SHORTER_SIDE}'
    return (max(guess[0], SHORTER_SIDE), max(guess[1], SHORTER_SIDE)), why
