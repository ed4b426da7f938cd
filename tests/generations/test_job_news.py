# SPDX-License-Identifier: Apache-2.0
"""What the log of a run says of jobs: that they begin, how far they are, and what labels are."""

import logging

import pytest

from mmseg_im.generations import submitting
from mmseg_im.generations.executors import Inline, read_executor
from mmseg_im.generations.job_logs import last_line, log_of
from mmseg_im.generations.jobs import job_of
from mmseg_im.generations.labeling import in_words
from tests.generations import small_jobs

LOGGER = logging.getLogger('jobs')


@pytest.mark.fast
def test_the_last_line_of_a_job(tmp_path):
    log = log_of(tmp_path, '7')
    assert last_line(tmp_path, '7') == 'it has said nothing yet'
    log.write_text('submitit INFO - Starting\n')
    assert last_line(tmp_path, '7') == 'it has said nothing yet'
    line = 'Epoch(train)  [3][50/60]  eta: 0:12:00  loss: 0.2'
    log.write_text(f'a\n2026/01/01 12:00:00 - mmengine - INFO - {line}\n\nsubmitit INFO - x\n')
    assert last_line(tmp_path, '7') == line


@pytest.mark.fast
def test_results_of_labeling_in_words():
    found = {'pseudo/masked': 0.0669543, 'pseudo/accuracy_outside': 0.9, 'pseudo/images': 190.0}
    assert in_words(found) == 'masked 6.7%, accuracy outside 90.0%, images 190'


def test_inline_jobs_begin_one_after_the_other(tmp_path, caplog):
    jobs = [job_of(tmp_path / name, small_jobs.square, number=3) for name in 'ab']
    with caplog.at_level(logging.INFO, 'jobs'):
        results = Inline().run(jobs, LOGGER)
        next(results)
        assert f'{jobs[0].name} begins.' in caplog.text and jobs[1].name not in caplog.text
        next(results)
    assert f'{jobs[1].name} begins.' in caplog.text


def test_jobs_that_run_are_heard_of(tmp_path, forked_python, caplog, monkeypatch):
    monkeypatch.setattr(submitting, 'NEWS', 0.1)
    job, file = job_of(tmp_path / 'a', small_jobs.wait_for, file=tmp_path / 'end'), tmp_path / 'end'
    executor = read_executor(dict(type='local', python=forked_python), 1)
    with caplog.at_level(logging.INFO, 'jobs'):
        monkeypatch.setattr(submitting, 'last_line', lambda *_: file.touch() or 'epoch 3')
        assert list(executor.run([job], LOGGER)) == [dict(done=1)]
    assert f'{job.name}: epoch 3' in caplog.text
