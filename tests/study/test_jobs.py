# SPDX-License-Identifier: Apache-2.0
"""Processes that share a study: all are waited for, and a failure is said."""

import sys

import pytest
from im_study.jobs import run_jobs

from mmseg_im.errors import UserError

SCRIPT = """
import os, sys, time
from pathlib import Path
here = Path(sys.argv[1])
open(here / f'{os.getpid()}-{os.environ["OMP_NUM_THREADS"]}', 'w').close()
while len(list(here.glob('*-1'))) < 2:
    time.sleep(0.01)
if sys.argv[2] == 'fails':
    sys.exit('error: The disk is full.')
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    (tmp_path / 'script.py').write_text(SCRIPT)
    (tmp_path / 'here').mkdir()
    monkeypatch.setattr(sys, 'argv', [str(tmp_path / 'script.py')])
    return tmp_path / 'here'


def test_two_processes_run_at_once_with_one_thread_each(script, tmp_path):
    """Each waits for the other."""
    run_jobs([str(script), 'ends'], 2, tmp_path / 'work')
    assert len(list(script.glob('*-1'))) == 2
    assert (tmp_path / 'work/job_1.log').is_file()


def test_a_process_that_fails_is_said(script, tmp_path):
    with pytest.raises(UserError, match=r'job_0.log: The disk is full.'):
        run_jobs([str(script), 'fails'], 2, tmp_path / 'work')
