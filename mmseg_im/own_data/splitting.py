# SPDX-License-Identifier: Apache-2.0
"""Which images are labeled: random, nested, groups together, no class missing.

All functions are pure: the same arguments give the same splits, on every machine.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..errors import UserError
from ..errors.wording import counted
from .expressions import compiled
from .selection import Unit, cover, fill, total_images


@dataclass(frozen=True)
class Splits:
    """Names of images, each list sorted.

    Attributes:
        labeled (list[list[str]]): One list for each size, in the order in which these were given.
        unlabeled (list[list[str]]): For each size the images in neither labeled, val nor test.
        val, test (list[str]): Images that are in no other list.
    """

    labeled: list[list[str]]
    unlabeled: list[list[str]]
    val: list[str]
    test: list[str]


def parse_ratio(text: str) -> Fraction:
    """Reads a ratio such as ``1/16`` or ``0.1``.

    Raises:
        UserError: If it is no number in (0, 1].
    """
    try:
        ratio = Fraction(text)
    except (ValueError, ZeroDivisionError):
        ratio = Fraction(0)
    if not 0 < ratio <= 1:
        raise UserError(f'The ratio {text!r} must be a number above 0 and up to 1, such as 1/16.')
    return ratio


def group_keys(names: Iterable[str], pattern: str) -> dict[str, str]:
    """The group of each image: what the first group of a regular expression finds in its name.

    Raises:
        UserError: If the expression is broken or has no group, or a name does not match.
    """
    expression = compiled(
        '--group-by',
        pattern,
        'the part of the name that is common to the images of a group into brackets, such as '
        "'(.*)_[0-9]+'",
    )
    found = {name: expression.search(name) for name in names}
    without = sorted(name for name, match in found.items() if match is None or match[1] is None)
    if without:
        raise UserError(
            f'--group-by {pattern!r} finds nothing in {len(without)} of {len(found)} names: '
            f'{", ".join(without)}.'
        )
    return {name: match[1] for name, match in found.items() if match}


def target_counts(
    sizes: Sequence[int | Fraction], total: int, val: int = 0, test: int = 0
) -> list[int]:
    """The number of labeled images that each size asks for.

    Args:
        sizes (Sequence[int or Fraction]): Counts, and ratios of the images that are in neither
            val nor test (rounded to the nearest count, a half upwards).
        total (int): Number of all images.
        val, test (int): How many of them are taken out.

    Raises:
        UserError: If a count is below 1 or above the number of images.
    """
    rest = total - val - test
    if val < 0 or test < 0 or rest < 1:
        raise UserError(
            f'{counted(val, "image")} for val and {test} for test leave none of {total} to train.'
        )
    counts = []
    for size in sizes:
        count = int(size * rest + Fraction(1, 2)) if isinstance(size, Fraction) else size
        if not 1 <= count <= rest:
            raise UserError(
                f'{size} of {counted(rest, "image")} (without val and test) makes {count} labeled; '
                f'1 to {rest} are possible.'
            )
        counts.append(count)
    return counts


def draw_splits(
    names: Iterable[str],
    sizes: Sequence[int | Fraction],
    val: int = 0,
    test: int = 0,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
    classes: Mapping[str, Iterable[str]] | None = None,
) -> Splits:
    """Draws nested labeled sets at random, without replacement.

    A smaller labeled set lies in every larger one. With ``classes``, the smallest labeled set
    holds every class, if so few images can; then val and test do, as far as the other images
    allow. Counts are exact, unless groups make that impossible: then they come as close as groups
    can beside those that were chosen for their classes.

    Args:
        names (Iterable[str]): The images; their order does not matter.
        sizes (Sequence[int or Fraction]): See :func:`target_counts`.
        val, test (int): How many images to take out for validation and test.
        seed (int): Of the random order.
        groups (Mapping[str, str], optional): Key of each image; images with one key are in one
            list (labeled, unlabeled, val or test).
        classes (Mapping[str, Iterable[str]], optional): The classes in each image.

    Raises:
        UserError: See :func:`target_counts`.
    """
    names = sorted(set(names))
    counts = target_counts(sizes, len(names), val, test)
    left = _shuffled_units(names, groups, classes or {}, np.random.default_rng(seed))
    smallest = min(counts, default=0)
    core = cover(left, smallest)
    left = _without(left, core)
    held_out = []
    for count in (val, test):
        found = cover(left, count) if count else []
        found += fill(_without(left, found), count - total_images(found), may_be_empty=bool(found))
        left = _without(left, found)
        held_out.append(_names(found))
    order = sorted(range(len(counts)), key=lambda i: counts[i])
    labeled, unlabeled = {}, {}
    chosen = core
    for i in order:
        more = fill(left, counts[i] - total_images(chosen), may_be_empty=bool(chosen))
        chosen, left = [*chosen, *more], _without(left, more)
        labeled[i], unlabeled[i] = _names(chosen), _names(left)
    return Splits(
        [labeled[i] for i in range(len(counts))],
        [unlabeled[i] for i in range(len(counts))],
        *held_out,
    )


def missing_classes(
    labeled: Iterable[str], classes: Mapping[str, Iterable[str]], known: Iterable[str]
) -> dict[str, str]:
    """Classes that a set of images lacks, each with the reason.

    Args:
        labeled (Iterable[str]): The set.
        classes (Mapping[str, Iterable[str]]): The classes in each image of all.
        known (Iterable[str]): All classes, also those that occur nowhere.
    """
    labeled = list(labeled)
    there = set().union(*(classes[name] for name in labeled))
    images = Counter(cls for found in classes.values() for cls in set(found))
    reasons = {}
    for cls in known:
        if cls not in there and images[cls] == 0:
            reasons[cls] = 'it occurs in no annotation'
        elif cls not in there:
            reasons[cls] = (
                f'it occurs in {images[cls]} of {len(classes)} images, and no draw of '
                f'{counted(len(labeled), "image")} holds all classes: draw more'
            )
    return reasons


def _shuffled_units(names, groups, classes, rng) -> list[Unit]:
    members: dict[str, list[str]] = {}
    for name in names:
        members.setdefault(groups[name] if groups else name, []).append(name)
    units = [
        Unit(tuple(images), frozenset().union(*(classes.get(name, ()) for name in images)))
        for _, images in sorted(members.items())
    ]
    return [units[i] for i in rng.permutation(len(units))]


def _without(units: Sequence[Unit], taken: Sequence[Unit]) -> list[Unit]:
    gone = {unit.names for unit in taken}
    return [unit for unit in units if unit.names not in gone]


def _names(units: Iterable[Unit]) -> list[str]:
    return sorted(name for unit in units for name in unit.names)
