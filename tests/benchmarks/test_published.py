# SPDX-License-Identifier: Apache-2.0
"""The step in the published manner is the computation of our methods."""

import argparse

import pytest
import torch
from benchmarks.published_code import PlainAttention, published_step
from benchmarks.step import build_step
from mmengine import Config

from mmseg_im.errors import UserError
from mmseg_im.models.backbones.dinov2 import Attention
from tests.conftest import tiny_model

OHEM = dict(type='ProbOHEMCrossEntropyLoss', thresh=0.2, min_kept=300)
V1 = dict(type='UniMatch', threshold=0.3, cutmix_prob=1.0, dropout=0.0)
V2 = dict(type='UniMatchV2', threshold=0.3, cutmix_prob=1.0, keep=1.0,
          teachers=[dict(type='EMATeacher', momentum=0.1)])  # fmt: skip
CASES = {
    'v1': dict(semi=V1),
    'v1-image-ohem': dict(semi=dict(V1, partner='image'), loss=OHEM),
    'v2': dict(semi=V2),
    'v2-ohem': dict(semi=V2, loss=OHEM),
}


@pytest.fixture
def config(tmp_path):
    """Writes a config of a tiny network."""

    def write(semi, loss=None) -> str:
        model = tiny_model(semi)
        model['decode_head']['dropout_ratio'] = 0.0
        if loss:
            model['decode_head']['loss_decode'] = loss
        optim = dict(
            type='OptimWrapper',
            constructor='TrainableOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.5, momentum=0.9),
        )
        path = tmp_path / 'config.py'
        Config(dict(model=model, optim_wrapper=optim)).dump(str(path))
        return str(path)

    return write


@pytest.mark.parametrize('name', CASES)
def test_same_losses_without_dropout(config, name):
    """Five steps with the same boxes: gradients, optimiser and EMA are those of our step, too."""
    path = config(**CASES[name])
    args = argparse.Namespace(batch_size=3, size=(32, 40))
    _, theirs = published_step(path, args)
    model, _, step = build_step(path, args)
    ours = []
    original = model.parse_losses

    def keep(losses):
        loss, log = original(losses)
        ours.append(loss.item())
        return loss, log

    model.parse_losses = keep
    expected = []
    for seed in range(5):
        torch.manual_seed(seed)
        step()
        torch.manual_seed(seed)
        expected.append(theirs().item())
    assert ours == pytest.approx(expected, rel=1e-4)
    assert len(set(ours)) == 5


def test_plain_attention():
    torch.manual_seed(0)
    fused = Attention(16, 2)
    plain = PlainAttention(16, 2)
    plain.load_state_dict(fused.state_dict())
    x = torch.randn(2, 7, 16)
    torch.testing.assert_close(plain(x), fused(x))


def test_other_methods_are_refused(config):
    path = config(dict(type='FixMatch', teachers=[dict(type='EMATeacher')]))
    with pytest.raises(UserError, match='FixMatch, none of UniMatch, UniMatchV2'):
        published_step(path, argparse.Namespace(batch_size=2, size=(32, 32)))
    two = dict(type='EMATeacher', views=['identity', 'hflip'])
    path = config(dict(V2, teachers=[two], im=dict(type='InconsistencyMask')))
    with pytest.raises(UserError, match='the published step has no model.semi.im'):
        published_step(path, argparse.Namespace(batch_size=2, size=(32, 32)))
