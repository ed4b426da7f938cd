# SPDX-License-Identifier: Apache-2.0
"""CPS: who learns from whom, on labeled and unlabeled images, against NumPy in float64."""

import copy

import numpy as np
import pytest
import torch

from mmseg_im.methods.pseudo_label_loss import labeled_pixels
from tests.conftest import samples, tiny_model
from tests.methods.test_methods import make_batch, make_decisive
from tests.methods.test_unimatch import mean_loss, mixed, softmax

pytestmark = pytest.mark.fast


def build(build_tiny, **kwargs):
    model = build_tiny(dict(dict(type='CPS', cutmix_prob=0.0), **kwargs))
    model.train()
    return model


@pytest.mark.parametrize('size', [(32, 32), (24, 40)])
def test_a_step(build_tiny, monkeypatch, size):
    """Labeled images of the same and of another size; void is labeled, padding is not."""
    model = build(build_tiny, cutmix_prob=1.0, labeled_weight=0.5, unsup_weight=0.6)
    make_decisive(model)
    torch.nn.init.normal_(model.semi.second.decode_head.conv_seg.weight)
    views, of_view = make_batch(n=3)
    labeled, of_labeled = make_batch(n=3, size=size)
    views['sup'], of_view['sup'] = labeled['sup'], of_labeled['sup']
    for sample in of_view['sup']:
        sample.gt_sem_seg.data[:, :4] = 255  # void
        sample.gt_sem_seg.data[:, :, -2:] = 255
        sample.set_metainfo(dict(padding_size=(0, 2, 0, 0)))
    twin = copy.deepcopy(model)
    inside = torch.rand(3, 1, 32, 32) < 0.4
    monkeypatch.setattr('mmseg_im.methods.cps.several_box_mask', lambda *args: inside)
    losses = model.loss(views, of_view)
    image = torch.where(inside, views['strong'][[2, 0, 1]], views['strong'])
    labels, on_mixed, on_labeled = [], [], []
    with torch.no_grad():
        for network in (twin, twin.semi.second):
            labels.append(softmax(network.eval().logits(views['weak'])).argmax(1))
            network.train()
            if size == (32, 32):
                both = network.logits(torch.cat([views['sup'], image]))
                on_labeled.append(both[:3]), on_mixed.append(both[3:])
            else:
                on_mixed.append(network.logits(image))
                on_labeled.append(network.logits(views['sup']))
    pad = np.zeros((3, 32, 32), bool)
    pad[:, -3:] = True
    pad_labeled = np.zeros((3, *size), bool)
    pad_labeled[:, :, -2:] = True
    sure = np.ones(1)
    expected_labeled = 0.0
    for name, own, other in (('first', 0, 1), ('second', 1, 0)):
        target = (mixed(x, x[[2, 0, 1]], inside) for x in (labels[other], pad))
        label, padded = target
        expected = mean_loss(on_mixed[own], label, np.broadcast_to(sure, pad.shape), padded, 0)
        assert losses[f'unsup.loss_{name}'].item() == pytest.approx(0.6 * expected, rel=1e-3)
        label = softmax(on_labeled[other]).argmax(1)
        expected_labeled += mean_loss(
            on_labeled[own], label, np.broadcast_to(sure, pad_labeled.shape), pad_labeled, 0
        )
    found = losses['unsup.loss_labeled'].item()
    assert found == pytest.approx(0.6 * 0.5 * expected_labeled, rel=1e-3)
    assert 'second.decode.loss_ce' in losses and 'decode.loss_ce' in losses


def test_the_other_network_is_a_constant(build_tiny):
    model = build(build_tiny, labeled_weight=1.0)
    views, of_view = make_batch()
    losses = model.loss(views, of_view)
    losses['unsup.loss_first'].backward()
    assert all(p.grad is None for p in model.semi.second.parameters())
    assert any(p.grad.abs().sum() > 0 for n, p in model.named_parameters() if p.grad is not None)


def test_the_second_network_is_another_draw_of_the_same_architecture(build_tiny):
    model = build(build_tiny)
    model.init_weights()
    first, second = (n.state_dict() for n in (build_tiny(), model.semi.second))
    assert first.keys() == second.keys()
    own = model.state_dict()
    for name, value in second.items():
        if value.dim() > 1:  # biases and norms begin with constants
            assert not torch.equal(value, own[name]), name
            ratio = value.std() / own[name].std()
            assert 0.3 < ratio < 3, name


def test_both_networks_are_the_voters(build_tiny):
    model = build(build_tiny, im=dict(type='InconsistencyMask'))
    views, of_view = make_batch()
    twin = copy.deepcopy(model)
    model.loss(views, of_view)
    with torch.no_grad():
        votes = [n.eval().logits(views['weak']).argmax(1) for n in (twin, twin.semi.second)]
    pseudo = model.semi.last_pseudo
    differs = (votes[0] != votes[1])[:, None] & pseudo.valid
    assert torch.equal(pseudo.inconsistent & pseudo.valid, differs) and differs.any()


@pytest.mark.parametrize('space', ['binary', 'multilabel'])
def test_other_label_spaces(build_tiny, space):
    options = dict(
        binary=dict(num_classes=2, out_channels=1, threshold=0.5), multilabel=dict(num_classes=3)
    )[space]
    model = build_tiny(dict(type='CPS'), label_space=space, **options)
    model.train()
    views, of_view = make_batch()
    maps = 3 if space == 'multilabel' else 1
    for name in ('sup', *model.semi.views):
        of_view[name] = samples(torch.randint(2, (2, maps, 32, 32)) * (name == 'sup'))
    losses = model.loss(views, of_view)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert losses['unsup.loss_labeled'] > 0


def test_another_task_of_the_second_network_is_named(build_tiny):
    with pytest.raises(ValueError, match='second predicts 3 channels .* and the student 4'):
        build(build_tiny, second=tiny_model(num_classes=3))


def test_another_normalisation_of_the_second_network_is_named(build_tiny):
    second = tiny_model(num_classes=4)
    second['data_preprocessor']['std'] = [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match='second.data_preprocessor normalises images in another'):
        build(build_tiny, second=second)


def test_teachers_that_nobody_asks_are_refused(build_tiny):
    with pytest.raises(ValueError, match='without im nobody asks them in CPS'):
        build(build_tiny, teachers=[dict(type='EMATeacher')])


def test_nan_of_either_network_is_counted(build_tiny):
    for broken in ('student', 'second'):
        model = build(build_tiny)
        network = model if broken == 'student' else model.semi.second
        network.decode_head.conv_seg.bias.data.fill_(torch.nan)
        views, of_view = make_batch()
        assert model.loss(views, of_view)['unsup.nan_images'] == 2, broken


def test_autocast_leaves_a_gradient(build_tiny):
    """Half-precision copies that were made for the labels must not serve the training pass."""
    model = build(build_tiny)
    views, of_view = make_batch()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model.loss(views, of_view)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_padding_is_what_was_noted_and_what_the_preprocessor_added():
    label = torch.zeros(1, 1, 4, 6, dtype=torch.long)
    label[..., 1] = 255
    [sample] = samples(label)
    assert labeled_pixels([sample]).all()
    from mmengine.structures import PixelData

    noted = torch.zeros(1, 3, 5, dtype=torch.uint8)
    noted[0, 2] = 1
    sample.set_data(dict(padding=PixelData(data=noted)))
    sample.set_metainfo(dict(padding_size=(0, 1, 0, 1)))
    expected = np.zeros((4, 6), bool)
    expected[:2, :5] = True
    assert np.array_equal(labeled_pixels([sample])[0, 0].numpy(), expected)
