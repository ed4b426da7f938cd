# SPDX-License-Identifier: Apache-2.0
"""What an earlier run began with another executor, or with another number of jobs."""

import logging

import pytest
from filelock import FileLock

from mmseg_im.errors import UserError
from mmseg_im.generations import leftovers
from mmseg_im.generations.configs import labeling_config
from mmseg_im.generations.executors import Inline, read_executor
from mmseg_im.generations.jobs import job_of
from mmseg_im.generations.label_shards import join_shards, label_jobs
from mmseg_im.generations.settings import read_settings
from mmseg_im.generations.stage_runs import Stage, StageRuns
from mmseg_im.generations.state import State
from tests.generations import small_jobs
from tests.generations.test_executors import local, wait

LOGGER = logging.getLogger('leftovers')


def stage_runs(work_dir, executor) -> StageRuns:
    return StageRuns(State(work_dir, {}, False), executor, LOGGER)


def stage(work_dir, name: str) -> Stage:
    folder = work_dir / 'generation_0' / name
    return Stage('generation_0/quality', lambda: [job_of(folder, small_jobs.share)])


@pytest.mark.parametrize('kind', ['inline', 'local'])
def test_jobs_of_other_parts_are_cancelled(tmp_path, forked_python, kind):
    """They run, or have not begun, or are done: nothing of them is left, and nothing runs."""
    earlier = local(forked_python)
    folder = tmp_path / 'generation_0'
    folder.mkdir()
    done, running = (job_of(folder / name, small_jobs.share) for name in ('done', 'running'))
    list(earlier.run([done], LOGGER))
    running = job_of(folder / 'running', small_jobs.wait_for, file=tmp_path / 'never')
    starting = job_of(folder / 'starting', small_jobs.wait_for, file=tmp_path / 'never')
    earlier._begin(0, running, LOGGER)
    wait(lambda: small_jobs.begun(folder / 'running'))
    earlier._begin(1, starting, LOGGER)
    executor = Inline() if kind == 'inline' else local(forked_python)
    assert stage_runs(tmp_path, executor).one(stage(tmp_path, 'whole')) == dict(share=0.5)
    assert not running.is_locked() and not starting.is_locked()
    wait(lambda: len(earlier._ended()) == 2)
    assert not list(tmp_path.rglob('job.json')) and not list(tmp_path.rglob('result.json'))


def test_a_job_that_does_not_end_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, 'PATIENCE', 0.1)
    folder = tmp_path / 'generation_0' / 'labeling_0_to_3.job'
    folder.mkdir(parents=True)
    with FileLock(folder / '.lock'):
        with pytest.raises(UserError, match='labeling_0_to_3.job: a job of an earlier run is st'):
            stage_runs(tmp_path, Inline()).one(stage(tmp_path, 'whole'))
        assert not small_jobs.begun(tmp_path / 'generation_0' / 'whole')


def test_a_job_that_has_not_its_lock_yet_keeps_inline_out(tmp_path, forked_python):
    job = job_of(tmp_path / 'student_0', small_jobs.wait_for, file=tmp_path / 'never')
    earlier = local(forked_python)
    earlier._begin(0, job, LOGGER)
    with pytest.raises(UserError, match='student_0: a job of an earlier run is still at work'):
        next(Inline().run([job], LOGGER))
    earlier.stop()


def test_slurm_leaves_jobs_of_other_executors(tmp_path, monkeypatch):
    """The id of a process may be that of another job of the cluster."""
    monkeypatch.setattr('shutil.which', lambda command: command)
    executor = read_executor(dict(type='slurm', timeout_min=5), 2)
    folder = tmp_path / 'student_0.job'
    folder.mkdir()
    (folder / 'job.json').write_text('{"id": "17", "slot": 0}')
    monkeypatch.setattr('submitit.SlurmJob', None)
    assert executor.handle_of(folder) is None


@pytest.fixture
def labeling(generations_cfg, tmp_path):
    """A config that labels eight images, one after the other, and the folder of the labels."""
    settings = read_settings(generations_cfg)
    teachers = [dict(checkpoint='best.pth', config='config.py')]
    folder = tmp_path / 'generation_0' / 'labels'
    cfg = labeling_config(generations_cfg, settings, teachers, folder)
    cfg.test_dataloader.batch_size = 1
    return cfg, folder


def test_parts_have_the_names_of_their_images(labeling):
    cfg, folder = labeling
    folders = {}
    for count in (2, 3):
        executor = read_executor(dict(type='local', jobs=count), 2)
        jobs = label_jobs(cfg, folder, executor)
        assert len(jobs) == count
        folders |= {(job.folder, job.arguments['part']): None for job in jobs}
    assert len(folders) == len({folder for folder, _ in folders}) == 5


@pytest.mark.parametrize('parts', [[(0, 3), (3, 6)], [(3, 8), (0, 3)], [(0, 4), (3, 8)], [None]])
def test_parts_that_are_not_all_images(labeling, parts):
    cfg, folder = labeling
    counts = str(folder.with_name('labeling_0_to_2') / 'results.pth')
    with pytest.raises(
        UserError, match=r'which are not all 8, each once. .*generation_0/labeling_\* and'
    ):
        join_shards(cfg, [dict(counts=counts, part=part and list(part)) for part in parts])
