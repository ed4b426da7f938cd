# SPDX-License-Identifier: Apache-2.0
"""Students side by side end as one after the other do, whoever is killed meanwhile.

Two moments are tried by default, one kill -9 of the run and one of its jobs; ``KILLS=10 pytest
tests/generations/test_generational_jobs.py`` tries ten moments at random.
"""

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch

from mmseg_im.datasets.pseudo_label_files import INDEX
from tests.generations.conftest import make_generations_cfg, run, weights
from tests.generations.forked_python import VARIABLE
from tests.tool_runs import finish, run_tool, start_tool

KILLS = int(os.environ.get('KILLS', 2))
LASTING = ('config.py', 'best.pth', 'validation.json', INDEX)
MOMENTS = [('generation_0/student_1.job/job.json', 'run'), ('generation_1/student_0/*.pth', 'job')]


def in_miniature(mini_shapes: dict, work: Path, name: str = 'im'):
    cfg = make_generations_cfg(mini_shapes, work, name)
    if name != 'im':
        cfg.train_cfg.max_epochs = cfg.param_scheduler[0].end = 1
        cfg.generations.evalnet.update(
            num_folds=2, max_epochs=1, times=2, channels=2, batch_size=2, min_class_iou=0.2
        )
    return cfg


def assert_equal(first: Path, second: Path) -> None:
    """The same state, labels and weights."""
    assert (first / 'state.json').read_text() == (second / 'state.json').read_text()
    files = [p for p in first.rglob('*') if p.suffix == '.png' or p.name == INDEX]
    assert len([p for p in files if p.suffix == '.png']) >= 16
    for path in files:
        other = (second / path.relative_to(first)).read_bytes()
        assert path.read_bytes().replace(bytes(first), bytes(second)) == other, path
    for path in first.rglob('best.pth'):
        one, two = weights(path), weights(second / path.relative_to(first))
        assert one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one), path


@pytest.mark.timeout(600)
def test_side_by_side(mini_shapes, tmp_path, forked_python, monkeypatch):
    """With the quality network: its folds are jobs, too. The report shows the same tables."""
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    stages = run(in_miniature(mini_shapes, whole, 'im-plus-plus'))
    cfg = in_miniature(mini_shapes, parts, 'im-plus-plus')
    cfg.generations.executor = dict(type='local', jobs=2, python=forked_python)
    assert run(cfg) == stages
    assert_equal(whole, parts)
    assert (
        parts / 'generation_0/labeling_4_to_7/results.pth'
    ).is_file()  # labels came in two parts
    logs = {p.parent.name for p in (parts / 'generation_1').glob('*.job/*_0_log.out')}
    assert logs == {'student_0.job', 'student_1.job', 'test.job'}
    assert not list(parts.rglob('*.pkl')) and not list(parts.rglob('result.json'))
    text = (parts / 'generations.log').read_text()
    assert 'generation_1/student_1 is job ' in text and 'Report: ' in text


def processes(work: Path) -> list[int]:
    """The processes that do jobs of a run."""
    found = []
    for path in Path('/proc').glob('[0-9]*/cmdline'):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if b'forked_python' in words and bytes(work / '') in words:
            found.append(int(path.parent.name))
    return found


def moments(whole: Path) -> list[tuple[str, str]]:
    """Files to wait for, and whom to kill then."""
    if KILLS <= 2:
        return MOMENTS[:KILLS]
    rng = random.Random(0)
    files = sorted(
        (
            p
            for p in whole.rglob('generation_*/**/*')
            if (p.name in LASTING or p.suffix == '.png')
            and 'vis_data' not in p.parts  # in a folder of the time
        ),
        key=lambda path: path.stat().st_mtime_ns,
    )
    chosen = sorted(rng.sample(range(len(files)), KILLS))
    return [(str(files[i].relative_to(whole)), rng.choice(['run', 'job'])) for i in chosen]


@pytest.mark.timeout(1800)
def test_killed_runs_and_jobs(mini_shapes, tmp_path, forked_python):
    whole, killed, log = tmp_path / 'whole', tmp_path / 'killed', tmp_path / 'log'
    cfg = in_miniature(mini_shapes, whole)
    cfg.dump(str(tmp_path / 'inline.py'))
    finish(start_tool('train.py', tmp_path / 'inline.py', log=log), log)
    cfg.generations.executor = dict(type='local', jobs=2, python=forked_python)
    cfg.work_dir = str(killed)
    cfg.dump(str(tmp_path / 'jobs.py'))
    env = {VARIABLE: os.environ[VARIABLE]}

    def start(*options: str):
        return start_tool('train.py', tmp_path / 'jobs.py', *options, log=log, env=env)

    driver = start()
    tries = []
    for file, victim in moments(whole):
        while driver.exitcode is None and not list(killed.glob(file)):
            time.sleep(0.01)
        if driver.exitcode is not None:
            break
        tries.append(victim)
        if victim == 'run':
            driver.kill()  # not its jobs, which go on
            driver.join()
            driver = start(*(['--resume'] if (killed / 'state.json').is_file() else []))
        else:
            for pid in processes(killed)[:1]:
                os.kill(pid, signal.SIGKILL)
    finish(driver, log)
    assert len(tries) == KILLS
    assert_equal(whole, killed)
    assert not list(killed.rglob('.*.tmp'))
    if KILLS == 2:  # nothing was trained twice
        told = (killed / 'generations.log').read_text()
        assert told.count('which an earlier run began: it is waited for') == 2
        assert len(list((killed / 'generation_0/student_0.job').glob('*_0_log.out'))) == 1
        assert told.count('is tried again') == 1


def test_a_student_that_fails_for_good(mini_shapes, tmp_path, forked_python):
    """One sentence, no traceback; the run goes on when the cause is gone."""
    cfg = in_miniature(mini_shapes, tmp_path / 'work')
    cfg.generations.executor = dict(type='local', jobs=1, tries=1, python=forked_python)
    cfg.custom_hooks = [dict(type='NoSuchHook'), *cfg.get('custom_hooks', [])]
    cfg.dump(str(tmp_path / 'run.py'))
    env = {VARIABLE: os.environ[VARIABLE]}
    ended = run_tool('train.py', tmp_path / 'run.py', log=tmp_path / 'log', env=env)
    assert ended.status == 1 and 'Traceback' not in ended.output
    sentence = ended.output.strip().splitlines()[-1]
    assert sentence.startswith('error: generation_0/student_0 failed 1 times: ')
    assert 'NoSuchHook' in sentence and '_0_log.err' in sentence
    assert json.loads((tmp_path / 'work/state.json').read_text())['stages'] == {}


def test_two_processes_train_one_student(mini_shapes, tmp_path, forked_python):
    """As under torchrun: both join, each takes half of the samples, and one writes."""
    cfg = in_miniature(mini_shapes, tmp_path / 'work')
    cfg.generations.update(num_generations=0, im=None, students_per_generation=2, num_teachers=2)
    cfg.generations.executor = dict(type='local', jobs=1, tasks_per_node=2, python=forked_python)
    cfg.model.backbone.norm_cfg = cfg.model.decode_head.norm_cfg = dict(type='GN', num_groups=2)
    stages = run(cfg)
    assert list(stages) == [
        'generation_0/student_0', 'generation_0/student_1', 'generation_0/test'
    ]  # fmt: skip
    text = next((tmp_path / 'work/generation_0/student_0').rglob('*.log')).read_text()
    assert '[1][2/2]' in text  # one process has four batches
    assert json.loads((tmp_path / 'work/state.json').read_text())['config']['processes'] == 2


def test_torchrun_and_jobs(generations_cfg):
    generations_cfg.generations.executor = dict(type='local')
    generations_cfg.launcher = 'pytorch'
    with pytest.raises(ValueError, match='executor starts processes itself, and --launcher pyt'):
        run(generations_cfg)
