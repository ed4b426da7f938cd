# SPDX-License-Identifier: Apache-2.0
"""Which images are labeled: random, nested, groups together, no class missing.

All functions are pure: the same arguments give the same splits, on every machine.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .errors import UserError

SEARCH_LIMIT = 100_000  # steps of the search for a few images that hold every class


@dataclass(frozen=True)
class Unit:
    """Images that stay together: a group, or one image.

    Attributes:
        names (tuple[str, ...]): The images.
        classes (frozenset[str]): The classes that occur in at least one of them.
    """

    names: tuple[str, ...]
    classes: frozenset[str]

    @property
    def size(self) -> int:
        """int: Number of images."""
        return len(self.names)


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
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f'--group-by {pattern!r} is no regular expression: {error}.') from error
    if expression.groups == 0:
        raise UserError(
            f'--group-by {pattern!r} has no group: put the part of the name that is common to the '
            "images of a group into brackets, such as '(.*)_[0-9]+'."
        )
    found = {name: expression.search(name) for name in names}
    without = sorted(name for name, match in found.items() if match is None or match[1] is None)
    if without:
        raise UserError(
            f'--group-by {pattern!r} finds nothing in {len(without)} of {len(found)} names: '
            f'{", ".join(without)}.'
        )
    return {name: match[1] for name, match in found.items()}


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
        raise UserError(f'{val} images for val and {test} for test leave none of {total} to train.')
    counts = []
    for size in sizes:
        count = int(size * rest + Fraction(1, 2)) if isinstance(size, Fraction) else size
        if not 1 <= count <= rest:
            raise UserError(
                f'{size} of {rest} images (without val and test) are {count} labeled ones; '
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
    can.

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
        found += fill(_without(left, found), count - _total(found), may_be_empty=bool(found))
        left = _without(left, found)
        held_out.append(_names(found))
    order = sorted(range(len(counts)), key=lambda i: counts[i])
    labeled, unlabeled = {}, {}
    chosen = core
    for i in order:
        more = fill(left, counts[i] - _total(chosen), may_be_empty=bool(chosen))
        chosen, left = [*chosen, *more], _without(left, more)
        labeled[i], unlabeled[i] = _names(chosen), _names(left)
    return Splits(
        [labeled[i] for i in range(len(counts))],
        [unlabeled[i] for i in range(len(counts))],
        *held_out,
    )


def fill(units: Sequence[Unit], target: int, may_be_empty: bool = False) -> list[Unit]:
    """The first units of which the number of images comes closest to ``target``.

    Of all selections with the closest sum (of two equally close ones the smaller) it is the first
    in the order of ``units``; for units of one image, the first ``target`` ones.

    Args:
        units (Sequence[Unit]): In random order.
        target (int): Number of images.
        may_be_empty (bool): Whether no unit at all is an answer although ``target`` is above 0.
    """
    if target <= 0 or not units:
        return []
    if all(unit.size == 1 for unit in units):
        return list(units[:target])
    # bit s of sums[i]: whether units[i:] hold a selection of s images
    mask = (1 << (target + max(unit.size for unit in units) + 1)) - 1
    sums = [1]
    for unit in reversed(units):
        sums.append((sums[-1] | sums[-1] << unit.size) & mask)
    sums.reverse()
    left = closest_sum(sums[0], target, 0 if may_be_empty else 1)
    chosen = []
    for unit, rest in zip(units, sums[1:], strict=True):
        if left >= unit.size and rest >> (left - unit.size) & 1:
            chosen.append(unit)
            left -= unit.size
    return chosen


def closest_sum(sums: int, target: int, smallest: int) -> int:
    """The set bit of ``sums`` that is closest to ``target``, from ``smallest`` on."""
    possible = (i for i in range(smallest, sums.bit_length()) if sums >> i & 1)
    return min(possible, key=lambda i: (abs(i - target), i))


def cover(units: Sequence[Unit], target: int) -> list[Unit]:
    """A few units that hold as many classes as a selection of that size can.

    Each unit that brings a new class, in the given (random) order; only where these are too many
    images, a search decides. It is exact up to ``SEARCH_LIMIT`` steps.

    Args:
        units (Sequence[Unit]): In random order.
        target (int): Number of images that may be used; with groups, the closest possible one.
    """
    closest = _total(fill(units, target)) if target else 0
    budget = max(target, closest)
    chosen, seen = [], set()
    for unit in units:
        if not unit.classes <= seen:
            chosen.append(unit)
            seen |= unit.classes
    return chosen if _total(chosen) <= budget else _search(units, budget)


def _search(units: Sequence[Unit], budget: int) -> list[Unit]:
    """Branch and bound: the rarest open class is covered by each of its units, or given up."""
    bit = {cls: 1 << i for i, cls in enumerate(sorted(set().union(*(u.classes for u in units))))}
    smallest: dict[int, Unit] = {}
    for unit in sorted(units, key=lambda unit: unit.size):  # stable: of equals the first drawn
        smallest.setdefault(sum(bit[cls] for cls in unit.classes), unit)
    holders = {b: [mask for mask in smallest if mask & b] for b in bit.values()}
    best: tuple[int, list[int]] = (0, [])
    steps = 0

    def visit(chosen: list[int], covered: int, still_open: int, left: int) -> None:
        nonlocal best, steps
        steps += 1
        if covered.bit_count() > best[0]:
            best = covered.bit_count(), chosen
        if steps > SEARCH_LIMIT or (covered | still_open).bit_count() <= best[0]:
            return
        rarest = min(
            (b for b in holders if b & still_open), key=lambda b: (len(holders[b]), b)
        )  # fmt: skip
        for mask in sorted(holders[rarest], key=lambda mask: -(mask & still_open).bit_count()):
            size = smallest[mask].size
            if size <= left:
                visit([*chosen, mask], covered | mask, still_open & ~mask, left - size)
        visit(chosen, covered, still_open & ~rarest, left)

    visit([], 0, sum(bit.values()), budget)
    return [smallest[mask] for mask in best[1]]


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
                f'it occurs in {images[cls]} of {len(classes)} images, and no {len(labeled)} '
                'images that could be drawn hold all classes: draw more'
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


def _total(units: Iterable[Unit]) -> int:
    return sum(unit.size for unit in units)


def _names(units: Iterable[Unit]) -> list[str]:
    return sorted(name for unit in units for name in unit.names)
