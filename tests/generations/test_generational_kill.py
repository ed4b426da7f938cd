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


def wait_for_start(job: BaseProcess, folder: Path) -> None:
    """Nothing can go wrong before: moments are counted from here on."""
    begun = time.time()
    log = folder / 'generations.log'
    before = log.stat().st_size if log.is_file() else 0
    while not log.is_file() or log.stat().st_size == before:
        if job.exitcode is not None or time.time() - begun > 120:
            return
        time.sleep(0.01)


@pytest.mark.timeout(1800)
def test_killed_runs_end_like_undisturbed_ones(mini_shapes, tmp_path):
    cfg: Config = make_generations_cfg(mini_shapes, tmp_path / 'unused')
    cfg.train_dataloader.update(num_workers=1, persistent_workers=True)
    config = tmp_path / 'run.py'
    cfg.dump(str(config))
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    job = start(config, whole)
    wait_for_start(job, whole)
    begun = time.time()
    finish(job, whole.with_suffix('.log'), 600)
    duration = time.time() - begun

    rng = random.Random(0)
    kills = 0
    job = start(config, killed)
    while kills < KILLS:
        wait_for_start(job, killed)
        # moments that, together, reach to about the end of the run
        time.sleep(rng.uniform(0, 1.6 * duration / KILLS))
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
