# SPDX-License-Identifier: Apache-2.0
"""SegKC: who learns from whom, against NumPy in float64."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.models.ssl.segkc import consult_features, consult_predictions
from tests.conftest import tiny_model
from tests.models.test_methods import make_batch
from tests.models.test_unimatch import mean_loss, softmax


def wide(num_classes=4) -> dict:
    """A senior of another width."""
    cfg = tiny_model(num_classes=num_classes)
    cfg['backbone']['base_channels'] = 8
    cfg['decode_head'].update(in_channels=8, channels=8)
    return cfg


def build(build_tiny, **kwargs):
    semi = dict(dict(type='SegKC', senior=wide(), channels=(4, 8), cutmix_prob=0.0), **kwargs)
    return build_tiny(semi)


def test_each_learns_what_the_other_says(build_tiny):
    model = build(build_tiny, prediction_weight=0.5, feature_weight=0.25)
    model.train()
    views, of_view = make_batch()
    twin = copy.deepcopy(model)
    losses = model.loss(views, of_view)
    junior, senior = twin, twin.semi.senior
    with torch.no_grad():
        labels = []
        for network in (junior, senior):
            network.eval()
            labels.append(network.logits(views['weak']).argmax(1).numpy())
            network.train()
        passes = [
            n.logits(torch.cat([views['sup'], views['strong']]))[2:] for n in (junior, senior)
        ]
    pad = np.zeros((2, 32, 32), bool)
    pad[:, -3:] = True
    sure = np.ones((2, 32, 32))
    expected = mean_loss(passes[0], labels[1], sure, pad, 0)
    assert losses['unsup.loss_junior'].item() == pytest.approx(expected, rel=1e-3)
    expected = mean_loss(passes[1], labels[0], sure, pad, 0)
    assert losses['unsup.loss_senior'].item() == pytest.approx(expected, rel=1e-3)
    p, q = (softmax(x) for x in passes)
    error = ((p - q) ** 2)[np.broadcast_to(~pad[:, None], p.shape)].mean()
    found = losses['unsup.loss_predictions'].item()
    assert found == pytest.approx(0.5 * 2 * error, rel=1e-3)
    assert 'senior.decode.loss_ce' in losses and 'decode.loss_ce' in losses


def test_consulted_features():
    a, b = torch.randn(2, 5, 4, 6), torch.randn(2, 5, 2, 3)
    x = a.double().numpy().reshape(2, 5, 2, 2, 3, 2).mean((3, 5))
    y = b.double().numpy()
    cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    assert consult_features(a, b).item() == pytest.approx(1 - cosine.mean(), rel=1e-4)


def test_the_other_is_a_constant():
    own, other = (torch.rand(1, 3, 4, 4, requires_grad=True) for _ in range(2))
    consult_features(own, other).backward()
    consult_predictions(own, other, torch.ones(1, 1, 4, 4, dtype=torch.bool)).backward()
    assert own.grad.abs().sum() > 0 and other.grad is None


def test_both_networks_are_the_voters(build_tiny):
    model = build(build_tiny, im=dict(type='InconsistencyMask'))
    model.train()
    views, of_view = make_batch()
    twin = copy.deepcopy(model)
    model.loss(views, of_view)
    with torch.no_grad():
        votes = [n.eval().logits(views['weak']).argmax(1) for n in (twin, twin.semi.senior)]
    pseudo = model.semi.last_pseudo
    differs = (votes[0] != votes[1])[:, None] & pseudo.valid
    assert torch.equal(pseudo.inconsistent & pseudo.valid, differs) and differs.any()


def test_the_junior_is_published(build_tiny):
    model = build(build_tiny)
    stock = build_tiny()
    student = {k: v for k, v in model.state_dict().items() if not k.startswith('semi.')}
    stock.load_state_dict(student, strict=True)


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(senior=wide(3)), 'senior predicts 3 channels .* and the student 4 channels'),
        (dict(channels=(4,)), r'channels=\(4,\) must be two numbers'),
        (dict(senior=dict(wide(), type='EncoderDecoder', label_space=None)), 'EncoderDecoder|type'),
    ],
)
def test_impossible_options(build_tiny, options, match):
    if 'label_space' in options.get('senior', {}):
        options['senior'].pop('label_space')
    with pytest.raises(ValueError, match=match):
        build(build_tiny, **options)


def test_channels_that_differ_between_the_partners(build_tiny):
    model = build(build_tiny, channels=(4, 4))
    with pytest.raises(ValueError, match=r'channels=\(4, 4\), but map -1 .* have \(4, 8\)'):
        model.loss(*make_batch())
