# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, --resume each time: the end is that of an undisturbed run.

``KILLS=10 pytest tests/generations/test_generational_kill.py`` kills ten times; by default three
times, to keep the suite short.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mmengine import Config

from tests.generations.conftest import make_generations_cfg

TRAIN = Path(__file__).parents[2] / 'tools' / 'train.py'
KILLS = int(os.environ.get('KILLS', 3))


def start(config: Path, work_dir: Path, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(TRAIN), str(config), '--work-dir', str(work_dir), *options],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its workers are killed with it
    )


def wait_for_start(job: subprocess.Popen, folder: Path) -> None:
    """Imports take seconds in which nothing can go wrong: moments are counted from here on."""
    begun = time.time()
    log = folder / 'generations.log'
    before = log.stat().st_size if log.is_file() else 0
    while not log.is_file() or log.stat().st_size == before:
        if job.poll() is not None or time.time() - begun > 120:
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
    _, errors = job.communicate(timeout=600)
    assert job.returncode == 0, errors
    duration = time.time() - begun

    rng = random.Random(0)
    kills = 0
    job = start(config, killed)
    while kills < KILLS:
        wait_for_start(job, killed)
        # moments that, together, reach to about the end of the run
        time.sleep(rng.uniform(0, 1.6 * duration / KILLS))
        if job.poll() is not None:
            break
        os.kill(job.pid, signal.SIGKILL)  # not its workers: they find out by themselves
        job.wait()
        kills += 1
        job = start(config, killed, *(['--resume'] if (killed / 'state.json').is_file() else []))
    _, errors = job.communicate(timeout=600)
    assert job.returncode == 0, errors
    assert kills >= min(KILLS, 2)
    assert (killed / 'state.json').read_text() == (whole / 'state.json').read_text()
    for path in (whole / 'generation_0' / 'labels').rglob('*.png'):
        assert path.read_bytes() == (killed / path.relative_to(whole)).read_bytes()
    assert not list(killed.rglob('.*.tmp'))
