# SPDX-License-Identifier: Apache-2.0
"""What the benchmark of a training step measures beside its time."""

import argparse

import pytest
import torch
from benchmarks.rate import count_flops, matrix_rate
from benchmarks.shares import PARTS, mark_parts, shares
from benchmarks.step import build_step, read_item, step_once
from mmengine import Config
from torch import nn

from mmseg_im.errors import UserError
from mmseg_im.models.backbones.dinov2 import Attention
from tests.conftest import tiny_model
from tests.methods.test_methods import METHODS, with_mask

ARGS = dict(batch_size=2, size=(32, 32), threads=1, steps=1)


@pytest.fixture
def config(tmp_path):
    """Writes a config of a tiny network with a method."""

    def write(semi) -> str:
        optim = dict(
            type='OptimWrapper',
            constructor='TrainableOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.1),
        )
        path = tmp_path / 'config.py'
        Config(dict(model=tiny_model(semi), optim_wrapper=optim)).dump(str(path))
        return str(path)

    return write


def slow(module: nn.Module, factor: int) -> None:
    """Has a module's forward pass take a known multiple of some matrix products more."""
    original, a = module.forward, torch.randn(400, 400)

    def forward(*args):
        for _ in range(factor):
            a @ a
        return original(*args)

    module.forward = forward


@pytest.mark.parametrize(
    ('semi', 'teachers', 'student'),
    [
        (METHODS['fixmatch'], 1, 1),  # labeled and strong images pass together
        (with_mask(METHODS['fixmatch']), 1, 1),  # both views pass together
        (METHODS['unimatch_v2'], 1, 2),
    ],
    ids=['fixmatch', 'fixmatch-im', 'unimatch_v2'],
)
def test_time_is_found_where_it_is_spent(config, semi, teachers, student):
    """A network is slowed down so much that nothing else counts; passes are told apart."""
    args = argparse.Namespace(**ARGS)
    for where in ('teachers', 'student'):
        model, optim, step = build_step(config(semi), args)
        network = model.semi.teachers[0].module if where == 'teachers' else model
        slow(network.backbone, 100)
        mark_parts(model, optim)
        step()
        found = shares(step, repeats=1)
        assert set(found) == set(PARTS) and sum(found.values()) == pytest.approx(1)
        assert max(found, key=found.get) == where and found[where] > 0.5
        assert min(found.values()) > 0
    passes = []
    for where in ('teachers', 'student'):
        model, _, step = build_step(config(semi), args)
        network = model.semi.teachers[0].module if where == 'teachers' else model
        network.backbone.register_forward_hook(lambda *_: passes.append(where))  # noqa: B023
        step()
    assert (passes.count('teachers'), passes.count('student')) == (teachers, student)


def test_flops_are_those_of_the_formula():
    conv = nn.Conv2d(3, 8, 3, padding=1)
    image = torch.randn(2, 3, 16, 16)
    forward = 2 * (2 * 16 * 16) * 8 * 3 * 9
    assert count_flops(lambda: conv(image)) == forward
    # the weights' gradient as much again; the image has none
    assert count_flops(lambda: conv(image).sum().backward()) == 2 * forward

    attention, tokens = Attention(16, 2), torch.randn(2, 7, 16)
    products = 2 * (2 * 7) * 16 * (3 * 16 + 16)  # qkv and proj
    pairs = 2 * 2 * (2 * 2) * 7 * 7 * 8  # q k and weights v, of 2 images and 2 heads
    with torch.no_grad():
        assert count_flops(lambda: attention(tokens)) == products + pairs


def test_changes_of_a_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'b.py').touch()
    assert read_item('b.py') == ('b.py', False, {})
    for item, message in (('c.py', 'c.py does not exist'), ('b.py:x', "'x' is neither")):
        with pytest.raises(UserError, match=message):
            read_item(item)
    item = 'b.py:model.channels_last=False:compile:optim_wrapper.type=X:a.lr=1e-3'
    changes = {'model.channels_last': False, 'optim_wrapper.type': 'X', 'a.lr': 0.001}
    assert read_item(item) == ('b.py', True, changes)


def test_a_measurement(config, monkeypatch):
    # two products of matrices in place of ten: in bfloat16 a CPU needs seconds for one
    monkeypatch.setattr('benchmarks.rate.range', lambda _: range(2), raising=False)
    item = config(with_mask(METHODS['fixmatch'])) + ':optim_wrapper.type=BFloat16OptimWrapper'
    found = step_once(item, argparse.Namespace(**ARGS))
    assert found['seconds'] > found['forward'] > 0 and found['flops'] > 0
    assert found['rate'] > 1e8 and matrix_rate(torch.bfloat16, 'cpu') > 1e7
    assert found['shares']['EMA'] > 0
