# SPDX-License-Identifier: Apache-2.0
"""SegKC: who learns from whom, against NumPy in float64."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.methods.segkc import consult_features, consult_predictions
from tests.conftest import tiny_model
from tests.methods.test_methods import make_batch, make_decisive
from tests.methods.test_unimatch import mean_loss, mixed, softmax

pytestmark = pytest.mark.fast


def wide(num_classes=4) -> dict:
    """A senior of another width."""
    cfg = tiny_model(num_classes=num_classes)
    cfg['backbone']['base_channels'] = 8
    cfg['decode_head'].update(in_channels=8, channels=8)
    return cfg


def build(build_tiny, **kwargs):
    semi = dict(dict(type='SegKC', senior=wide(), channels=(4, 8), cutmix_prob=0.0), **kwargs)
    return build_tiny(semi)


def numpy_features(own, other, projection):
    """1 - cosine of the projected features, mean over places; 1 where all of them are 0."""
    weight, bias = (x.detach().double().numpy() for x in (projection.weight, projection.bias))
    x = np.einsum('oc,nchw->nohw', weight[:, :, 0, 0], own) + bias[:, None, None]
    norms = np.linalg.norm(x, axis=1) * np.linalg.norm(other, axis=1)
    return 1 - ((x * other).sum(1) / np.maximum(norms, 1e-12)).mean()


def test_a_step(build_tiny, monkeypatch):
    """Each network learns what the other says, where it is sure, and the batch is mixed."""
    tau = 0.7
    model = build(
        build_tiny, prediction_weight=0.5, feature_weight=0.25, threshold=tau, cutmix_prob=1.0,
        unsup_weight=0.6,
    )  # fmt: skip
    model.train()
    make_decisive(model)
    torch.nn.init.normal_(model.semi.senior.decode_head.conv_seg.weight)
    views, of_view = make_batch(n=3)
    twin = copy.deepcopy(model)
    inside = torch.rand(3, 1, 32, 32) < 0.4
    monkeypatch.setattr('mmseg_im.methods.segkc.sample_box_mask', lambda *args: inside)
    losses = model.loss(views, of_view)
    image = torch.where(inside, views['strong'][[2, 0, 1]], views['strong'])
    labels, confs, passes, maps = [], [], [], []
    with torch.no_grad():
        for network in (twin, twin.semi.senior):
            p = softmax(network.eval().logits(views['weak']))
            labels.append(p.argmax(1)), confs.append(p.max(1))
            network.train()
            features = network.extract_feat(torch.cat([views['sup'], image]))
            maps.append(features[-1].double().numpy())
            passes.append(network.decode(features, (32, 32))[3:])
    pad = np.zeros((3, 32, 32), bool)
    pad[:, -3:] = True
    for name, logits, label, conf in zip(
        ('junior', 'senior'), passes, labels[::-1], confs[::-1], strict=True
    ):
        assert 0.05 < (conf >= tau).mean() < 0.95
        target = (mixed(x, x[[2, 0, 1]], inside) for x in (label, conf, pad))
        expected = mean_loss(logits, *target, tau)
        assert losses[f'unsup.loss_{name}'].item() == pytest.approx(0.6 * expected, rel=1e-3)
    valid = ~mixed(pad, pad[[2, 0, 1]], inside)
    p, q = (softmax(x) for x in passes)
    error = ((p - q) ** 2)[np.broadcast_to(valid[:, None], p.shape)].mean()
    found = losses['unsup.loss_predictions'].item()
    assert found == pytest.approx(0.6 * 0.5 * 2 * error, rel=1e-3)
    expected = numpy_features(maps[0], maps[1], twin.semi.to_senior)
    expected += numpy_features(maps[1], maps[0], twin.semi.to_junior)
    found = losses['unsup.loss_features'].item()
    assert found == pytest.approx(0.6 * 0.25 * expected, rel=1e-3)
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
