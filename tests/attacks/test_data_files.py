# SPDX-License-Identifier: Apache-2.0
"""Rotten images and annotations: before training, while it lasts, in validation and in the test."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmseg_im.errors import MissingFileError, UserError
from tests.attacks.own import FILES, Own, template
from tests.attacks.rotten import ANY, LABELS

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
