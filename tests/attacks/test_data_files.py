# SPDX-License-Identifier: Apache-2.0
"""Rotten images and annotations: before training, while it lasts, in validation and in the test."""

import itertools

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_im.errors import MissingFileError, UserError
from tests.attacks.own import FILES, Own, template
from tests.attacks.rotten import ANY, LABELS
from tests.tool_runs import assert_refused, run_tool

IMAGES = [role for role in FILES if 'image' in role]
ANNOTATIONS = [role for role in FILES if 'label' in role and role not in IMAGES]
CASES = [(role, ANY | (LABELS if role in ANNOTATIONS else {})) for role in FILES]
cases = pytest.mark.parametrize('role, kinds', CASES, ids=list(FILES))


@pytest.fixture(scope='module')
def config() -> str:
    return template()


@pytest.fixture
def own(mini_own, config, tmp_path) -> Own:
    init_default_scope('mmseg')
    return Own(mini_own, tmp_path / 'mine', config)


def refusal(own: Own, do) -> str | None:
    """The sentence with which something is refused."""
    try:
        do()
    except (UserError, MissingFileError) as error:
        return str(error)
    return None


# ------------------------------------------------------------------------------------- in functions


@cases
def test_every_broken_file_is_refused_before_training(own, attack, role, kinds):
    path = own.file(role)
    whole = path.read_bytes()
    own.build(role)
    for kind, rot in kinds.items():
        rot(path)
        sentence = refusal(own, lambda: own.build(role))
        assert sentence is not None, f'{kind} was accepted'
        assert str(path) in sentence and len(sentence) < 500, f'{kind}: {sentence}'
        attack(f'{role} broken before the run')
        restore(path, whole)


@cases
def test_every_file_that_breaks_during_the_run_is_named(own, attack, role, kinds):
    path = own.file(role)
    whole = path.read_bytes()
    dataset = own.build(role)
    [load(dataset, i) for i in range(len(dataset))]
    for kind, rot in kinds.items():
        # whoever opens a pipe waits; the loader cuts fractions off, and what it gives are classes
        if kind in ('named pipe', 'fractions'):
            continue
        rot(path)
        sentence = refusal(own, lambda: [load(dataset, i) for i in range(len(dataset))])
        assert sentence is not None, f'{kind} was accepted'
        assert str(path) in sentence and len(sentence) < 500, f'{kind}: {sentence}'
        attack(f'{role} broken during the run')
        restore(path, whole)


def load(dataset, index: int) -> None:
    """Loads a sample; of training a second time with each of the two labeled images."""
    np.random.seed(index)
    dataset[index]
    if hasattr(dataset, 'labeled'):
        [dataset.labeled[i] for i in range(len(dataset.labeled))]


def restore(path, whole: bytes) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(whole)


# ------------------------------------------------------------------------------ on the command line


@pytest.fixture(scope='module')
def checkpoint(config, tmp_path_factory) -> str:
    init_default_scope('mmseg')
    folder = tmp_path_factory.mktemp('weights')
    (folder / 'config.py').write_text(config)
    network = MODELS.build(dict(Config.fromfile(folder / 'config.py').model, semi=None))
    torch.save(dict(state_dict=network.state_dict(), meta={}), folder / 'network.pth')
    return str(folder / 'network.pth')


@pytest.mark.parametrize(
    'role, kind', zip(FILES, itertools.cycle(['LFS pointer', 'link to nothing']))
)
def test_training_begins_with_whole_files_only(own, attack, tmp_path, role, kind):
    ANY[kind](own.file(role))
    ended = run_tool('train.py', own.config, log=tmp_path / 'log')
    key = {'v': 'val_dataloader', 't': 'test_dataloader'}.get(role[0], 'train_dataloader')
    assert_refused(ended, str(own.file(role)), *([key] if kind == 'link to nothing' else []))
    assert 'Epoch(train)' not in ended.output
    attack(f'train.py: {role} broken before the run')


@pytest.mark.parametrize(
    'role, kind',
    [
        ('label', 'three channels'),
        ('validation label', 'value 2'),
        ('validation label', 'first half'),
        ('test label', 'turned'),
    ],
)
def test_labels_of_all_three_are_checked_before_the_first_step(own, attack, tmp_path, role, kind):
    (ANY | LABELS)[kind](own.file(role))
    ended = run_tool('train.py', own.config, log=tmp_path / 'log')
    assert_refused(ended, str(own.file(role)))
    assert 'Epoch(train)' not in ended.output
    attack(f'train.py: {role} broken before the run')


@pytest.mark.parametrize(
    'role, kind',
    [('test image', 'web page'), ('test label', 'missing'), ('test label', 'first half')],
)
def test_testing(own, attack, tmp_path, checkpoint, role, kind):
    ANY[kind](own.file(role))
    ended = run_tool(
        'test.py', own.config, checkpoint, '--work-dir', tmp_path / 'w', log=tmp_path / 'log'
    )
    assert_refused(ended, str(own.file(role)))
    attack(f'test.py: {role} broken before the run')


def test_predicting(own, attack, tmp_path, checkpoint):
    ANY['first half'](own.file('unlabeled image'))
    ended = run_tool(
        'predict.py', own.config, checkpoint, own.root / 'images', '--out', tmp_path / 'out',
        log=tmp_path / 'log',
    )  # fmt: skip
    assert_refused(ended, str(own.file('unlabeled image')))
    attack('predict.py: broken image')


@pytest.mark.parametrize(
    'place, role, kind, workers',
    [
        ('unlabeled', 'unlabeled image', 'first half', 1),
        ('unlabeled', 'label', 'missing', 1),
        ('labeled', 'label', 'value 254', 0),
        ('validation', 'validation image', 'noise', 0),
        ('validation', 'validation label', 'turned', 1),
    ],
)
def test_a_file_breaks_while_training_lasts(own, attack, tmp_path, place, role, kind, workers):
    own.add(place, dict(type='BreakFile', path=str(own.file(role)), kind=kind), workers)
    ended = run_tool('train.py', own.config, log=tmp_path / 'log')
    assert_refused(ended, str(own.file(role)))
    assert ('Epoch(train)' in ended.output) == (place == 'validation')
    attack(f'train.py: {role} broken during the run')


def test_a_file_breaks_while_the_test_lasts(own, attack, tmp_path, checkpoint):
    role = 'test label'
    own.add('test', dict(type='BreakFile', path=str(own.file(role)), kind='empty'), workers=1)
    ended = run_tool(
        'test.py', own.config, checkpoint, '--work-dir', tmp_path / 'w', log=tmp_path / 'log'
    )
    assert_refused(ended, str(own.file(role)), 'it is empty')
    attack(f'test.py: {role} broken during the run')


@pytest.mark.parametrize(
    'place, name, said',
    [
        ('unlabeled', 'SIGKILL', 'was killed: Killed'),
        ('validation', 'SIGKILL', 'was killed: Killed'),
        ('unlabeled', 'SIGSEGV', 'was killed: Segmentation fault'),
        ('unlabeled', 'SIGBUS', 'shared memory (/dev/shm)'),
    ],
)
def test_a_process_that_loads_data_ends(own, attack, tmp_path, place, name, said):
    own.add(place, dict(type='EndWorker', name=name), workers=1)
    ended = run_tool('train.py', own.config, log=tmp_path / 'log')
    assert_refused(ended, said, 'num_workers')
    attack('a process that loads data ends')
