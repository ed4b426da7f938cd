# SPDX-License-Identifier: Apache-2.0
"""The consistency loss against NumPy in float64."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from tests.conftest import samples, tiny_model

pytestmark = pytest.mark.fast

HEADS = dict(
    multiclass=dict(num_classes=4),
    binary=dict(num_classes=2, out_channels=1, threshold=0.5),
    multilabel=dict(num_classes=3),
)


def build(label_space='multiclass', **semi):
    cfg = tiny_model(dict(type='ConsistencyLoss', **semi), norm='GN', **HEADS[label_space])
    torch.manual_seed(0)
    return MODELS.build(dict(cfg, label_space=label_space))


def batch(padded: bool, size=(32, 32)):
    torch.manual_seed(1)
    views = {name: torch.randn(2, 3, *size) for name in ('sup', 'strong1', 'strong2')}
    empty = torch.zeros(2, 1, *size, dtype=torch.long)
    if padded:
        empty[0, :, 20:] = 255
        empty[1] = 255
    return views, {'sup': samples(torch.zeros_like(empty)), 'strong1': samples(empty)}


def probabilities(label_space, logits):
    if label_space == 'multiclass':
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize('padded', [False, True])
@pytest.mark.parametrize('label_space', HEADS)
def test_against_numpy(label_space, padded):
    student = build(label_space)
    views, of_view = batch(padded)
    maps = student.label_space.num_maps
    of_view['sup'] = samples(torch.zeros(2, maps, 32, 32, dtype=torch.long))
    loss = student.semi.loss(student, views, of_view)['unsup.loss_consistency']
    with torch.no_grad():
        first, second = (
            probabilities(label_space, student.logits(views[name]).double().numpy())
            for name in ('strong1', 'strong2')
        )
    valid = np.stack([s.gt_sem_seg.data.numpy() != 255 for s in of_view['strong1']])
    valid = np.broadcast_to(valid, first.shape)
    np.testing.assert_allclose(loss.item(), ((first - second) ** 2)[valid].mean(), rtol=1e-4)
    assert loss.item() > 0


def test_equal_views_and_nothing_valid_give_zero():
    student = build()
    views, of_view = batch(False)
    views['strong2'] = views['strong1']
    assert student.semi.loss(student, views, of_view)['unsup.loss_consistency'] == 0
    for sample in of_view['strong1']:
        sample.gt_sem_seg.data.fill_(255)
    views['strong2'] = views['sup']
    loss = student.semi.loss(student, views, of_view)['unsup.loss_consistency']
    assert loss == 0 and loss.requires_grad


def test_the_gradient_goes_through_both_views():
    student = build()
    views, of_view = batch(False)
    for name in ('strong1', 'strong2'):
        views[name].requires_grad_(True)
    student.semi.loss(student, views, of_view)['unsup.loss_consistency'].backward()
    assert views['strong1'].grad.abs().sum() > 0 and views['strong2'].grad.abs().sum() > 0


def test_weights_of_the_parts():
    student = build(unsup_weight=0.25, sup_weight=2.0)
    views, of_view = batch(False)
    plain = build()
    a, b = (model.loss(views, of_view) for model in (student, plain))
    torch.testing.assert_close(a['unsup.loss_consistency'], 0.25 * b['unsup.loss_consistency'])
    torch.testing.assert_close(a['decode.loss_ce'], 2 * b['decode.loss_ce'])


def test_it_has_no_teachers():
    with pytest.raises(ValueError, match='ConsistencyLoss has no such option'):
        build(teachers=[dict(type='EMATeacher')])
