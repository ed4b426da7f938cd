# SPDX-License-Identifier: Apache-2.0
"""Draws subsets and labeled lists, whole groups at a time, from a seed."""

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmseg_im.errors import UserError
from mmseg_im.errors.wording import counted
from mmseg_im.files.atomic import write_aside


def write_list(path: str | os.PathLike, names: Iterable[str]) -> None:
    """Writes an annotation file of mmseg: one name a line."""
    write_aside(path, ''.join(f'{name}\n' for name in names).encode())


def _same(name: str) -> str:
    return name


def _shuffled(names: Iterable[str], seed: int, group: Callable[[str], str]) -> list[list[str]]:
    """Groups of names in random order; does not depend on the order of the names."""
    groups = {}
    for name in sorted(names):
        groups.setdefault(group(name), []).append(name)
    keys = sorted(groups)
    return [groups[keys[i]] for i in np.random.default_rng(seed).permutation(len(keys))]


def _names(groups: Iterable[list[str]]) -> list[str]:
    return sorted(itertools.chain.from_iterable(groups))


def draw_subsets(
    names: Iterable[str],
    shares: Mapping[str, float],
    seed: int,
    group: Callable[[str], str] = _same,
) -> dict[str, list[str]]:
    """Divides names at random.

    Args:
        names (Iterable[str]): What to divide.
        shares (Mapping[str, float]): Share of the groups in each subset; what they leave goes to
            ``train``.
        seed (int): Seed of the draw.
        group (Callable[[str], str]): Names with the same value stay together.

    Returns:
        dict[str, list[str]]: ``train`` and the subsets, each sorted.

    Raises:
        UserError: If a subset would be empty.
    """
    groups = _shuffled(names, seed, group)
    subsets, begin = {}, 0
    for subset, share in shares.items():
        end = begin + round(share * len(groups))
        subsets[subset] = _names(groups[begin:end])
        begin = end
    subsets['train'] = _names(groups[begin:])
    for subset, drawn in subsets.items():
        if not drawn:
            raise UserError(
                f'{counted(len(groups), "image is", "images are")} too few: '
                f'none would be left for {subset}.'
            )
    return subsets


def write_labeled_lists(
    folder: str | os.PathLike,
    names: Iterable[str],
    denominators: Sequence[int],
    seed: int,
    group: Callable[[str], str] = _same,
) -> None:
    """Writes ``FOLDER/1_N/{labeled,unlabeled}.txt`` for each N; the smaller are in the larger.

    Args:
        folder (str or PathLike): Usually ``splits`` of a data set.
        names (Iterable[str]): Training images.
        denominators (Sequence[int]): 8 means that one of eight groups is labeled, at least one.
        seed (int): Seed of the draw.
        group (Callable[[str], str]): Names with the same value stay together.
    """
    groups = _shuffled(names, seed, group)
    for n in denominators:
        count = max(round(len(groups) / n), 1)
        for kind, part in (('labeled', groups[:count]), ('unlabeled', groups[count:])):
            write_list(Path(folder) / f'1_{n}' / f'{kind}.txt', _names(part))
