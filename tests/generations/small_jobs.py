# SPDX-License-Identifier: Apache-2.0
"""Functions that stand for trainings: jobs that note that they began, and end in various ways."""

import os
import time
from pathlib import Path

from mmengine import Config
from mmengine.dist import barrier, get_world_size

from mmseg_im.errors import UserError


def begin(folder: Path) -> int:
    """Notes a beginning; returns how many there were."""
    folder.mkdir(exist_ok=True)
    with (folder / 'begun').open('a') as file:
        file.write(f'{os.getpid()}\n')
    return begun(folder)


def begun(folder: Path) -> int:
    """How often a job began."""
    path = folder / 'begun'
    return len(path.read_text().splitlines()) if path.is_file() else 0


def square(folder: Path, number: int) -> dict:
    begin(folder)
    return dict(square=number**2, threads=os.environ.get('OMP_NUM_THREADS'))


def killed_once(folder: Path) -> dict:
    if begin(folder) == 1:
        os.kill(os.getpid(), 9)
    return dict(tries=begun(folder))


def crash(folder: Path) -> dict:
    begin(folder)
    raise RuntimeError('CUDA out of memory, or so')


def refuse(folder: Path) -> dict:
    begin(folder)
    raise UserError('none of the images is left. Take others.')


def wait_for(folder: Path, file: Path) -> dict:
    """Ends when a file is there."""
    begin(folder)
    while not file.exists():
        time.sleep(0.02)
    return dict(done=1)


def interrupted_once(folder: Path) -> dict:
    """The time limit of the first try comes while it waits."""
    if begin(folder) == 1:
        (folder / 'waiting').touch()
        time.sleep(60)
    return dict(tries=begun(folder))


def together(folder: Path, cfg: Config) -> dict:
    """Each process of the job notes that it began."""
    begin(folder)
    barrier()
    return dict(processes=get_world_size())


def share(folder: Path) -> dict:
    """As a stage records it."""
    begin(folder)
    return dict(share=0.5)
