# SPDX-License-Identifier: Apache-2.0
"""What a job left in its folder when it ended: its log, and why it failed."""

from pathlib import Path

from ..files.atomic import read_json
from .jobs import REFUSED


def log_of(folder: Path, number: str) -> Path:
    """Returns the file that gets what a job prints; its errors are in ``.err`` beside it."""
    return folder / f'{number}_0_log.out'


def end_of_log(folder: Path, number: str) -> tuple[Path, str]:
    """Returns the log of a job's errors, of the first process that has one, and its last line."""
    for path in sorted(folder.glob(f'{number}_*_log.err')):
        lines = path.read_text(errors='replace').split('\n')
        said = [line.strip() for line in lines if line.strip()]
        said = [line for line in said if not line.startswith('submitit ')]
        if said:
            return path, said[-1][:500]
    path = log_of(folder, number)
    return path, 'it was killed, or its machine was lost.'


def last_line(folder: Path, number: str) -> str:
    """Returns the last line that a running job logged, without its time."""
    path = log_of(folder, number)
    lines = path.read_text(errors='replace').split('\n')[-50:] if path.is_file() else []
    said = [line.strip() for line in lines if line.strip() and not line.startswith('submitit ')]
    return said[-1].rpartition(' - INFO - ')[2][:200] if said else 'it has said nothing yet'


def refusal_of(folder: Path) -> str | None:
    """Returns the mistake of the user because of which a job ended, None if there was none."""
    path = folder / REFUSED
    return read_json(path, dict(error=str))['error'] if path.is_file() else None
