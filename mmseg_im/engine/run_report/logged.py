# SPDX-License-Identifier: Apache-2.0
"""Reads the numbers and panels that a training has logged, also while it goes on."""

import json
import re
from pathlib import Path

SCALARS = 'vis_data/scalars.json'
LARGEST = 1e300  # larger values, infinite ones and NaN are gaps
PANELS = 'vis_data/vis_image/semi_panel_*.png'


def read_scalars(work_dir: Path) -> list[dict]:
    """Returns the logged lines of a training, in the order of their iterations.

    A run that was stopped and resumed has a folder for each time; what a later one repeats counts.
    Lines that are no JSON object with a ``step`` are passed over: the last one may be half written.

    Args:
        work_dir (Path): Of the run.

    Returns:
        list[dict]: Finite numbers by name; ``step`` among them.
    """
    lines: list[dict] = []
    for path in sorted(work_dir.glob(f'*/{SCALARS}')):
        found = [line for line in map(_line, path.read_bytes().splitlines()) if line is not None]
        steps = [line['step'] for line in found if 'loss' in line]
        if steps:
            lines = [line for line in lines if line['step'] < min(steps)]
        lines += found
    return lines


def _line(text: bytes) -> dict | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    numbers = {
        key: value
        for key, value in content.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
    }
    return numbers if 'step' in numbers and 0 <= numbers['step'] < 10**12 else None


def series(scalars: list[dict], key: str) -> tuple[list[int], list[float]]:
    """Returns the iterations at which a number was logged, and its values."""
    points = {int(line['step']): line[key] for line in scalars if key in line}
    return sorted(points), [points[step] for step in sorted(points)]


def loss_keys(scalars: list[dict]) -> list[str]:
    """Returns the names of the logged losses, their sum first."""
    found = {key for line in scalars if 'loss' in line for key in line}
    parts = sorted(key for key in found if 'loss' in key.split('.')[-1] and key != 'loss')
    return ['loss', *parts] if 'loss' in found else []


def panels(work_dir: Path) -> dict[int, Path]:
    """Returns the panels of a run by iteration; of two, the one of the later start."""
    found = {}
    for path in sorted(work_dir.glob(f'*/{PANELS}')):
        step = re.fullmatch(r'semi_panel_(\d{1,12})\.png', path.name, re.ASCII)
        if step:
            found[int(step[1])] = path
    return dict(sorted(found.items()))
