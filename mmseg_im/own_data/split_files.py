# SPDX-License-Identifier: Apache-2.0
"""The lists of a split on the disk, and a table of them."""

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from prettytable import PrettyTable

from ..errors import UserError
from ..files.atomic import write_aside
from .splitting import Splits


def folder_name(size: int | Fraction) -> str:
    """``1_16`` for a ratio, ``20`` for a count."""
    if isinstance(size, int):
        return str(size)
    return f'{size.numerator}_{size.denominator}'


def list_text(names: Sequence[str]) -> str:
    """One name a line."""
    return ''.join(f'{name}\n' for name in names)


def split_lists(splits: Splits, sizes: Sequence[int | Fraction]) -> dict[str, list[str]]:
    """The lists by their path below the output folder, such as ``1_16/labeled.txt``."""
    lists = {}
    for size, labeled, unlabeled in zip(sizes, splits.labeled, splits.unlabeled, strict=True):
        lists[f'{folder_name(size)}/labeled.txt'] = labeled
        lists[f'{folder_name(size)}/unlabeled.txt'] = unlabeled
    held_out = {'val.txt': splits.val, 'test.txt': splits.test}
    return {**lists, **{path: names for path, names in held_out.items() if names}}


def write_lists(out: str | os.PathLike, lists: Mapping[str, Sequence[str]]) -> None:
    """Writes lists of names.

    Raises:
        UserError: If one exists with other names: results on it would no longer be comparable.
    """
    texts = {Path(out, path): list_text(names) for path, names in lists.items()}
    other = [str(path) for path, text in texts.items()
             if path.exists() and path.read_bytes() != text.encode()]  # fmt: skip
    if other:
        raise UserError(
            f'{", ".join(other)} exist with other names. Choose another output folder, or remove '
            'them.'
        )
    for path, text in texts.items():
        for left in path.parent.glob(f'.{path.name}.*.tmp'):  # by a killed run
            left.unlink(missing_ok=True)
        if not path.exists():
            write_aside(path, text.encode())


def splits_table(
    lists: Mapping[str, Sequence[str]],
    groups: Mapping[str, str] | None = None,
    known: Sequence[str] = (),
    classes: Mapping[str, set[str]] | None = None,
) -> str:
    """Images and groups of each list, and the images of it in which each class occurs."""
    table = PrettyTable(['list', 'images', *(['groups'] if groups else [])], align='r')
    table.align['list'] = 'l'
    for path, names in lists.items():
        count = [len({groups[name] for name in names})] if groups else []
        table.add_row([path.removesuffix('.txt'), len(names), *count])
    if not classes:
        return str(table)
    shown = [path for path in lists if not path.endswith('unlabeled.txt')]
    of_classes = PrettyTable(
        ['images with class', *(path.removesuffix('.txt') for path in shown), 'all'], align='r'
    )
    of_classes.align['images with class'] = 'l'
    for cls in known:
        counts = [sum(cls in classes[name] for name in lists[path]) for path in shown]
        of_classes.add_row([cls, *counts, sum(cls in found for found in classes.values())])
    return f'{table}\n{of_classes}'
