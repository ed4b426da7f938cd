# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, --resume each time: the end is that of an undisturbed run.

``KILLS=10 pytest tests/generations/test_generational_kill.py`` kills ten times; by default three
times, to keep the suite short.
"""

import os
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from mmengine import Config

from tests.generations.conftest import make_generations_cfg
from tests.tool_runs import finish, start_tool

KILLS = int(os.environ.get('KILLS', 3))


def start(config: Path, work_dir: Path, *options: str) -> BaseProcess:
    log = work_dir.with_suffix('.log')
    return start_tool('train.py', config, '--work-dir', work_dir, *options, log=log)


def wait_for_files(job: BaseProcess, folder: Path, count: int) -> None:
    """Waits until a run has written so many files, or ended: no clock, as others use the cores."""
    deadline = time.monotonic() + 300
    while job.exitcode is None and files_in(folder) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def files_in(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


@pytest.mark.timeout(1800)
def test_killed_runs_end_like_undisturbed_ones(mini_shapes, tmp_path):
    cfg: Config = make_generations_cfg(mini_shapes, tmp_path / 'unused')
    cfg.train_dataloader.update(num_workers=1, persistent_workers=True)
    config = tmp_path / 'run.py'
    cfg.dump(str(config))
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    finish(start(config, whole), whole.with_suffix('.log'), 600)

    rng = random.Random(0)
    kills = 0
    job = start(config, killed)
    # moments that, together, reach to about the end of the run
    for count in sorted(rng.choices(range(1, files_in(whole) * 4 // 5), k=KILLS)):
        wait_for_files(job, killed, count)
        time.sleep(rng.uniform(0, 0.2))  # while the next file is made
        if job.exitcode is not None:
            break
        job.kill()  # not its workers: they find out by themselves
        job.join()
        kills += 1
        job = start(config, killed, *(['--resume'] if (killed / 'state.json').is_file() else []))
    finish(job, killed.with_suffix('.log'), 600)
    assert kills >= min(KILLS, 2)
    assert (killed / 'state.json').read_text() == (whole / 'state.json').read_text()
    for path in (whole / 'generation_0' / 'labels').rglob('*.png'):
        assert path.read_bytes() == (killed / path.relative_to(whole)).read_bytes()
    assert not list(killed.rglob('.*.tmp'))
