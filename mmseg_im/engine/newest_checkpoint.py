# SPDX-License-Identifier: Apache-2.0
"""Finds the checkpoint from which a training resumes: the newest one that is whole."""

import logging
import os
import re
import zipfile
from pathlib import Path

from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader

from ..errors import UserError

POINTER = 'last_checkpoint'
"""str: File in which mmengine's ``CheckpointHook`` writes the path of the newest checkpoint."""

STATE = ('state_dict', 'message_hub', 'meta')


def training_checkpoints(folder: str | os.PathLike) -> list[Path]:
    """Returns the files ``epoch_N.pth`` and ``iter_N.pth`` of a folder, the newest first."""
    found = [
        (int(match[1]), path)
        for path in Path(folder).glob('*.pth')
        if (match := re.fullmatch(r'(?:epoch|iter)_(\d+)\.pth', path.name, re.ASCII))
    ]
    return [path for _, path in sorted(found, reverse=True)]


def pointed_at(work_dir: str | os.PathLike) -> Path | None:
    """Returns the path in ``last_checkpoint``; None without that file, or if it holds no path."""
    try:
        text = (Path(work_dir) / POINTER).read_text().strip()
        return Path(text) if text and text.isprintable() else None
    except (OSError, ValueError):
        return None


def in_order(work_dir: str | os.PathLike) -> list[Path]:
    """Returns the checkpoints of a run in the order in which to try them.

    First comes the file that ``last_checkpoint`` names, then the others from the newest to the
    oldest. In a folder that was moved or copied, the name counts and not the path; the path
    counts where the folder holds no checkpoint (``CheckpointHook.out_dir``).
    """
    named = pointed_at(work_dir)
    for folder in [Path(work_dir)] if named is None else [Path(work_dir), named.parent]:
        found = training_checkpoints(folder)
        first = [] if named is None else [folder / named.name]
        first = [path for path in first if os.path.isfile(path)]  # also False for a too long text
        if first or found:
            return first + [path for path in found if path not in first]
    return []


def read_whole(path: Path, entries: tuple[str, ...] = STATE) -> dict:
    """Reads the checkpoint of a training.

    All bytes are compared with the check sums of the file, which torch does not do.

    Args:
        path (Path): The file.
        entries (tuple[str, ...]): The dicts that it must hold, ``meta`` among them.

    Returns:
        dict: With these entries at least.

    Raises:
        UserError: If no training can resume from the file, with the reason.
    """
    try:
        content = CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:  # of any kind: an older file may be whole
        raise UserError(str(error) or f'{path} cannot be read ({type(error).__name__}).') from error
    if damaged is not None:
        raise UserError(f'{path} is damaged: {damaged} in it differs from its check sum.')
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), dict) for key in entries
    ):
        raise UserError(f'{path} does not hold the state of a training.')
    if not all(isinstance(content['meta'].get(key), int) for key in ('epoch', 'iter')):
        raise UserError(f'{path} does not say how far its training was.')
    return content


def newest_checkpoint(work_dir: str | os.PathLike) -> Path | None:
    """Returns the newest checkpoint that is whole, or None; the log names those passed over."""
    for path in in_order(work_dir):
        try:
            read_whole(path)
        except UserError as error:
            print_log(f'{path.name} is passed over. {error}', 'current', logging.WARNING)
        else:
            return path
    return None


def to_resume_from(work_dir: str | os.PathLike) -> Path | None:
    """Returns the checkpoint from which to resume; None if the folder holds no trace of a run.

    Raises:
        UserError: If there are checkpoints, or there were, and none is whole: to begin anew
            would overwrite what is left.
    """
    path = newest_checkpoint(work_dir)
    traces = [*in_order(work_dir), *Path(work_dir).glob('best*.pth')]
    traces += [p for p in [Path(work_dir) / POINTER] if p.exists()]
    if path is None and traces:
        names = ', '.join(p.name for p in traces if p.name != POINTER) or POINTER
        raise UserError(
            f'{work_dir} holds no whole checkpoint of a training, so --resume cannot go on (there '
            f'are: {names}). Put one back, or begin anew with another --work-dir; a best.pth holds '
            'weights to test, publish or name in load_from, and no optimiser to resume.'
        )
    return path
