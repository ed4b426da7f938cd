# SPDX-License-Identifier: Apache-2.0
"""Compares the folders of two runs."""

from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.runner.checkpoint import CheckpointLoader

import mmseg_im  # noqa: F401  (its reader of checkpoints)


def differences(one: Path, other: Path, patterns: Sequence[str]) -> list[str]:
    """Files that differ between two folders, bit by bit; of checkpoints, what training needs.

    Args:
        one, other (Path): The folders; ``one`` says which files there are.
        patterns (Sequence[str]): Which files to compare, such as ``**/*.png``.
    """
    found = []
    for pattern in patterns:
        names = {path.relative_to(one) for path in one.glob(pattern)}
        assert names, f'{one} has no {pattern}'
        for name in sorted(names | {path.relative_to(other) for path in other.glob(pattern)}):
            a, b = one / name, other / name
            if not (a.is_file() and b.is_file()) or not _equal(a, b):
                found.append(str(name))
    return found


def _equal(one: Path, other: Path) -> bool:
    if one.suffix != '.pth':
        return one.read_bytes() == other.read_bytes()
    a, b = (CheckpointLoader.load_checkpoint(str(path), 'cpu', 'silent') for path in (one, other))
    clocks = ('meta', 'message_hub')  # hold times and what was logged of them
    return _same(*({k: v for k, v in c.items() if k not in clocks} for c in (a, b)))


def _same(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b
