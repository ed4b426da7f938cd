# SPDX-License-Identifier: Apache-2.0
"""Selections of images that stay together: of a given number, and with every class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SEARCH_LIMIT = 2_000_000  # masks and classes that the search looks at: some seconds


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
    images, a search decides. It is exact unless ``SEARCH_LIMIT`` stops it: a greedy one often loses
    a rare class where few images are labeled.

    Args:
        units (Sequence[Unit]): In random order.
        target (int): Number of images that may be used; with groups, the closest possible one.
    """
    closest = total_images(fill(units, target)) if target else 0
    budget = max(target, closest)
    chosen: list[Unit] = []
    seen: set[str] = set()
    for unit in units:
        if not unit.classes <= seen:
            chosen.append(unit)
            seen |= unit.classes
    return chosen if total_images(chosen) <= budget else _search(units, budget)


def _search(units: Sequence[Unit], budget: int) -> list[Unit]:
    """Branch and bound: the rarest open class is covered by each of its units, or given up."""
    bit = {cls: 1 << i for i, cls in enumerate(sorted(set().union(*(u.classes for u in units))))}
    smallest: dict[int, Unit] = {}
    for unit in sorted(units, key=lambda unit: unit.size):  # stable: of equals the first drawn
        smallest.setdefault(sum(bit[cls] for cls in unit.classes), unit)
    holders = {b: [mask for mask in smallest if mask & b] for b in bit.values()}
    best = _greedy({mask: unit.size for mask, unit in smallest.items()}, budget)
    steps = 0

    def visit(chosen: list[int], covered: int, still_open: int, left: int) -> None:
        nonlocal best, steps
        if covered.bit_count() > best[0]:
            best = covered.bit_count(), chosen
        if steps > SEARCH_LIMIT or (covered | still_open).bit_count() <= best[0]:
            return
        rarest = min(
            (b for b in holders if b & still_open), key=lambda b: (len(holders[b]), b)
        )  # fmt: skip
        steps += len(holders) + len(holders[rarest])  # what is looked at from here
        for mask in sorted(holders[rarest], key=lambda mask: -(mask & still_open).bit_count()):
            size = smallest[mask].size
            if size <= left:
                visit([*chosen, mask], covered | mask, still_open & ~mask, left - size)
        visit(chosen, covered, still_open & ~rarest, left)

    visit([], 0, sum(bit.values()), budget)
    return [smallest[mask] for mask in best[1]]


def _greedy(sizes: dict[int, int], budget: int) -> tuple[int, list[int]]:
    """Always the mask with the most new classes for its size: their number, and the masks."""
    covered, chosen = 0, []
    while fitting := [mask for mask, size in sizes.items() if size <= budget and mask & ~covered]:
        found = max(fitting, key=lambda mask: (mask & ~covered).bit_count() / sizes[mask])
        chosen.append(found)
        covered |= found
        budget -= sizes[found]
    return covered.bit_count(), chosen


def total_images(units: Iterable[Unit]) -> int:
    """Number of images."""
    return sum(unit.size for unit in units)
