# SPDX-License-Identifier: Apache-2.0
"""Jobs in processes of submitit: results, tries, what an earlier run began, and Slurm's scripts."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mmengine import Config

from mmseg_im.errors import UserError
from mmseg_im.generations import executors
from mmseg_im.generations.executors import Inline, read_executor
from mmseg_im.generations.jobs import job_of
from mmseg_im.generations.label_shards import shards
from mmseg_im.generations.local_jobs import Controller
from tests.generations import small_jobs

LOGGER = logging.getLogger('jobs')
FAKE_SLURM = {
    'sbatch': """\
n=$(($(cat {home}/count 2>/dev/null || echo 0) + 1)); echo $n > {home}/count
cp $1 {home}/script_$n.sh; echo RUNNING > {home}/state_$n
(SLURM_JOB_ID=$n SLURM_NTASKS=1 bash $1; echo COMPLETED > {home}/state_$n) >/dev/null 2>&1 &
echo Submitted batch job $n""",
    'srun': """\
while [ "${{1#-}}" != "$1" ]; do
  case $1 in --output) out=$2; shift;; --error) err=$2; shift;; esac; shift
done
n=$SLURM_JOB_ID; o=${{out//%j/$n}}; e=${{err//%j/$n}}
exec "$@" > ${{o//%t/0}} 2> ${{e//%t/0}}""",
    'sacct': """\
echo 'JobID|State|NodeList'
for f in {home}/state_*; do echo "${{f##*_}}|$(cat $f)|node"; done""",
    'scancel': 'echo $* >> {home}/cancelled',
}


def local(python: str, **options):
    return read_executor(dict(type='local', python=python, **options), 2)


def squares(folder: Path, count: int) -> list:
    return [job_of(folder / f'{i}', small_jobs.square, number=i) for i in range(count)]


def wait(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_results_come_in_order(tmp_path, forked_python):
    jobs = squares(tmp_path, 3)
    executor = local(forked_python, jobs=2)
    found = list(executor.run(jobs, LOGGER))
    assert [result['square'] for result in found] == [0, 1, 4]
    assert {result['threads'] for result in found} == {os.environ['OMP_NUM_THREADS']}
    assert [r['square'] for r in Inline().run(squares(tmp_path / 'b', 0), LOGGER)] == []
    # what is finished and not recorded is read, whoever asks
    assert list(Inline().run(jobs, LOGGER)) == found == list(executor.run(jobs, LOGGER))
    assert [small_jobs.begun(tmp_path / f'{i}') for i in range(3)] == [1, 1, 1]
    for job in jobs:
        job.forget()
    kept = {path.suffix for path in tmp_path.glob('*.job/*') if path.name != '.lock'}
    assert '.out' in kept and kept <= {'.out', '.err'}
    assert all(job.result() is None for job in jobs)


def test_a_killed_job_is_tried_again(tmp_path, forked_python, caplog):
    job = job_of(tmp_path / 'student_0', small_jobs.killed_once)
    with caplog.at_level(logging.WARNING, 'jobs'):
        assert list(local(forked_python).run([job], LOGGER)) == [dict(tries=2)]
    assert 'student_0 is tried again. It ended with: it was killed' in caplog.text


def test_a_job_at_its_time_limit_goes_on(tmp_path, forked_python):
    """submitit sends the signal; the same submission begins again."""
    folder = tmp_path / 'student_0'
    executor = local(forked_python, tries=1)
    run = executor.run([job_of(folder, small_jobs.interrupted_once)], LOGGER)
    executor._begin(0, job_of(folder, small_jobs.interrupted_once), LOGGER)
    wait((folder / 'waiting').exists)
    for task in children(executor.running[0].handle._process.pid):
        os.kill(task, signal.SIGUSR2)
    assert list(run) == [dict(tries=2)]


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


@pytest.mark.parametrize(
    ('run', 'begun', 'match'),
    [
        (small_jobs.crash, 2, r'/student_0 failed 2 times: RuntimeError: CUDA out of memory, or so '
         r'Its log: .*/student_0.job/\d+_0_log.err'),
        (small_jobs.refuse, 1, r'/student_0 failed: none of the images is left. Take others. Its'),
    ],
)  # fmt: skip
def test_a_job_that_fails_for_good(tmp_path, forked_python, run, begun, match):
    """The others that run are waited for; what they did is kept."""
    jobs = [job_of(tmp_path / 'student_0', run), *squares(tmp_path, 1)]
    with pytest.raises(UserError, match=match):
        list(local(forked_python, jobs=2, tries=2).run(jobs, LOGGER))
    assert small_jobs.begun(tmp_path / 'student_0') == begun
    assert jobs[1].result()['square'] == 0


def test_a_job_of_an_earlier_run_is_waited_for(tmp_path, forked_python):
    folder, file = tmp_path / 'student_0', tmp_path / 'go'
    job = job_of(folder, small_jobs.wait_for, file=file)
    earlier = local(forked_python)
    earlier._begin(0, job, LOGGER)
    later = local(forked_python)
    run = later.run([job], LOGGER)
    assert later._adopt(0, job, LOGGER)  # also before it has its lock
    wait(lambda: small_jobs.begun(folder))
    with pytest.raises(UserError, match='student_0: a job of an earlier run is still at work'):
        next(Inline().run([job], LOGGER))
    file.touch()
    assert list(run) == [dict(done=1)] and small_jobs.begun(folder) == 1


def test_a_process_that_is_being_started_has_not_ended(tmp_path):
    """At first the system shows no arguments of it, as of one that has ended."""
    for _ in range(50):
        command = ['sh', '-c', 'read line', str(tmp_path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        assert not Controller(process.pid, tmp_path).done()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Controller(process.pid, tmp_path).done()  # nobody has asked how it ended
        process.communicate()
    assert Controller(process.pid, tmp_path).done()


def test_a_job_that_was_submitted_twice_is_done_once(tmp_path, forked_python):
    folder, file = tmp_path / 'student_0', tmp_path / 'go'
    job = job_of(folder, small_jobs.wait_for, file=file)
    executor = local(forked_python)
    for i in range(2):
        executor._begin(i, job, LOGGER)
    wait(lambda: small_jobs.begun(folder))
    file.touch()
    wait(lambda: len(executor._ended()) == 2)
    assert small_jobs.begun(folder) == 1 and job.result() == dict(done=1)


def test_all_processes_of_a_job_know_that_it_is_done(tmp_path, forked_python):
    folder = tmp_path / 'student_0'
    job = job_of(folder, small_jobs.together, cfg=Config())
    executor = local(forked_python, tasks_per_node=2, gpus_per_node=0)
    for _ in range(2):  # the second time there is a result, which nobody has read
        executor._begin(0, job, LOGGER)
        wait(executor._ended)
        assert job.result() == dict(processes=2) and small_jobs.begun(folder) == 2


@pytest.mark.parametrize(
    ('options', 'visible', 'number'),
    [({}, 4, 1), ({}, 0, 0), (dict(gpus_per_node=2, tasks_per_node=2), 4, 2),
     (dict(gpus_per_node=0, tasks_per_node=4), 4, 0), (dict(tasks_per_node=2), 0, 0)],
)  # fmt: skip
def test_gpus_of_a_local_job(tmp_path, monkeypatch, options, visible, number):
    monkeypatch.setattr(executors, 'visible_gpus', lambda: [str(i) for i in range(visible)])
    executor = read_executor(dict(type='local', **options), 2)
    parameters = executor.executor(tmp_path, 1).parameters
    assert parameters['gpus_per_node'] == len(parameters['visible_gpus']) == number


def test_processes_do_not_share_the_one_gpu_of_a_job(monkeypatch):
    monkeypatch.setattr(executors, 'visible_gpus', lambda: ['0', '1', '2', '3'])
    with pytest.raises(UserError, match='tasks_per_node=2 is more than gpus_per_node=1: every pr'):
        read_executor(dict(type='local', tasks_per_node=2), 2)


def test_stop_cancels(tmp_path, forked_python):
    folder = tmp_path / 'student_0'
    job = job_of(folder, small_jobs.wait_for, file=tmp_path / 'never')
    executor = local(forked_python)
    executor._begin(0, job, LOGGER)
    wait(lambda: small_jobs.begun(folder))
    executor.stop()
    assert not executor.running and not job.is_locked() and job.result() is None
    assert 'KeyboardInterrupt' in (job.folder / 'start.err').read_text()  # and not on the console


@pytest.fixture
def slurm(tmp_path, monkeypatch) -> Path:
    """Commands that do as Slurm's do, at once; the folder where they write."""
    home = tmp_path / 'slurm'
    home.mkdir()
    for name, text in FAKE_SLURM.items():
        (home / name).write_text(f'#!/bin/bash\n{text.format(home=home)}\n')
        (home / name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{home}:{os.environ["PATH"]}')
    return home


def test_slurm(tmp_path, slurm, forked_python):
    options = dict(
        timeout_min=90, gpus_per_node=4, tasks_per_node=4, cpus_per_task=6, mem_gb=32,
        slurm_partition='gpu', slurm_setup=['echo prepared'], slurm_signal_delay_s=120,
    )  # fmt: skip
    executor = read_executor(dict(type='slurm', python=forked_python, **options), 2)
    assert executor.processes == 4 and executor.jobs == 2
    executor.check()
    script = executor.executor(tmp_path / 'a.job', 0)._executor._make_submission_file_text('x', '')
    for line in ('time=90', 'gpus-per-node=4', 'ntasks-per-node=4', 'cpus-per-task=6', 'mem=32GB',
                 'partition=gpu', 'signal=USR2@120'):  # fmt: skip
        assert f'#SBATCH --{line}\n' in script
    assert '\n# setup\necho prepared\n' in script

    executor = read_executor(dict(type='slurm', python=forked_python, timeout_min=90), 2)
    found = list(executor.run(squares(tmp_path, 2), LOGGER))
    assert [result['square'] for result in found] == [0, 1]
    assert (slurm / 'script_2.sh').read_text().count('srun --unbuffered') == 1
    one = tmp_path / 'one'
    job = job_of(one, small_jobs.wait_for, file=tmp_path / 'go')
    executor._begin(0, job, LOGGER)
    assert json.loads((one.with_suffix('.job') / 'job.json').read_text())['id'] == '3'
    wait(lambda: small_jobs.begun(one))
    later = read_executor(dict(type='slurm', timeout_min=90), 2)
    assert later._adopt(0, job, LOGGER)
    executor.stop()
    assert (slurm / 'cancelled').read_text() == '3\n'
    (tmp_path / 'go').touch()
    assert list(later.run([job], LOGGER)) == [dict(done=1)] and small_jobs.begun(one) == 1


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(type='locl'), r"executor.type='locl': no such executor. Did you mean 'local'\?"),
        (dict(jobs=2), r"executor={'jobs': 2} must be a dict with a type"),
        ('local', "executor='local' must be a dict with a type"),
        (dict(type='local', job=2), r"executor.job: .* Did you mean 'jobs'\?"),
        (dict(type='inline', jobs=2), 'executor.jobs: Inline has no such option'),
        (dict(type='local', jobs=0), 'executor.jobs=0 must be 1 or more'),
        (dict(type='local', jobs='2'), "executor.jobs='2' must be of the type int"),
        (dict(type='local', tries=True), 'executor.tries=True must be of the type int'),
        (dict(type='local', timeout_min=1.5), 'executor.timeout_min=1.5 must be of the type int'),
        (dict(type='local', slurm_partition='gpu'), 'executor.slurm_partition: Local has no such'),
        (dict(type='local', gpus_per_node=99), r'gpus_per_node=99, and this machine shows \d'),
        (dict(type='local', gpus_per_node=1, tasks_per_node=2), 'every process needs a GPU'),
        (dict(type='slurm'), 'executor.timeout_min is missing: Slurm cannot do without it'),
        (dict(type='slurm', timeout_min=5, slurm_partition=3), 'slurm_partition=3 must be of the'),
        (dict(type='slurm', timeout_min=5), r'there is no sbatch in PATH. Start the run where'),
    ],
)
def test_mistakes(options, match):
    with pytest.raises(UserError, match=match):
        read_executor(options, 2)


def test_submitit_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, 'submitit', None)
    with pytest.raises(UserError, match=r'needs submitit, .*: pip install .*\[cluster\]'):
        read_executor(dict(type='local'), 2)


def test_shards_are_whole_batches():
    assert shards(10, 4, 2) == [(0, 4), (4, 10)]
    assert shards(3, 1, 8) == [(0, 1), (1, 2), (2, 3)]
    for count, size, number in ((17, 4, 3), (148, 1, 2), (5, 8, 2)):
        parts = shards(count, size, number)
        assert [i for start, stop in parts for i in range(start, stop)] == list(range(count))
        assert all(start % size == 0 for start, _ in parts)
