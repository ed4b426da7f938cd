# SPDX-License-Identifier: Apache-2.0
"""The segmentor is mmseg's own in every way but the method."""

import copy

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import load_state_dict
from mmseg.registry import MODELS

from tests.conftest import tiny_model

SEMI = dict(
    type='FixMatch',
    teachers=[dict(type='EMATeacher', views=['identity', 'hflip'])],
    im=dict(type='InconsistencyMask'),
    threshold=0.0,
)
TASKS = [
    dict(label_space='multiclass', num_classes=4, out_channels=4),
    dict(label_space='binary', num_classes=2, out_channels=1, threshold=0.5),
    dict(label_space='multilabel', num_classes=3, out_channels=3),
]


def stock(cfg):
    """The same config for MMSegmentation without this project's keys."""
    cfg = copy.deepcopy(cfg)
    cfg.pop('semi')
    cfg['type'] = 'EncoderDecoder'
    cfg['data_preprocessor']['type'] = 'SegDataPreProcessor'
    return MODELS.build(cfg)


def test_student_loads_into_a_stock_config_key_for_key(build_tiny):
    model = build_tiny(SEMI)
    student = {k: v for k, v in model.state_dict().items() if not k.startswith('semi.')}
    other = stock(tiny_model())
    assert list(student) == list(other.state_dict())
    other.load_state_dict(student, strict=True)
    x = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(other.eval()._forward(x), model.eval()._forward(x))


def test_channels_last_changes_the_order_in_memory_alone(batch):
    """A seed gives the same weights, losses are the same, and so is what a teacher copies."""
    views, samples = batch()
    losses, weights = [], []
    for channels_last in (True, False):
        torch.manual_seed(0)
        model = MODELS.build(dict(tiny_model(dict(SEMI)), channels_last=channels_last))
        model.init_weights()
        for network in (model, model.semi.teachers[0].module):
            kernel = network.backbone.encoder[0][0].convs[0].conv.weight
            assert kernel.is_contiguous(memory_format=torch.channels_last) == channels_last
        weights.append(copy.deepcopy(model.state_dict()))
        torch.manual_seed(1)
        losses.append(model.loss(views, samples))
        assert model.logits(views['sup']).is_contiguous()  # class by class
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('semi', [None, SEMI], ids=['supervised', 'joint'])
def test_the_supervised_softmax_is_in_float32_under_autocast(build_tiny, batch, semi):
    model = build_tiny(semi)
    seen = []
    loss = model.decode_head.loss_decode
    loss.register_forward_pre_hook(lambda _, args: seen.append(args[0].dtype))
    with torch.autocast('cpu', torch.bfloat16):
        assert model.decode_head.forward(model.extract_feat(torch.randn(1, 3, 32, 32))).dtype == (
            torch.bfloat16
        )
        model.loss(*batch())
    assert set(seen) == {torch.float32}


def test_supervised_loss_is_mmsegs(build_tiny, batch):
    views, samples = batch()
    torch.manual_seed(1)
    ours = build_tiny()
    theirs = stock(tiny_model())
    theirs.load_state_dict(ours.state_dict())
    expected = theirs.loss(views['sup'], samples['sup'])
    for inputs, data in ((views, samples), (views['sup'], samples['sup'])):
        result = ours.loss(inputs, data)
        assert result.keys() == expected.keys()
        assert all(torch.equal(result[key], expected[key]) for key in expected)


@pytest.mark.parametrize('task', TASKS, ids=lambda t: t['label_space'])
def test_a_step_of_every_task(build_tiny, batch, task):
    maps = 3 if task['label_space'] == 'multilabel' else 1
    classes = 2 if task['label_space'] != 'multiclass' else 4
    model = build_tiny(SEMI, **task)
    views, samples = batch(classes=classes, maps=maps)
    model.train()
    losses = model.loss(views, samples)
    total, log = model.parse_losses(losses)
    total.backward()
    assert all(torch.isfinite(value) for value in log.values())
    for name, p in model.named_parameters():
        if name.startswith('semi.'):
            assert p.grad is None
        else:
            assert p.grad is not None and torch.isfinite(p.grad).all(), name


@pytest.mark.parametrize('task', TASKS, ids=lambda t: t['label_space'])
def test_a_batch_without_any_label_is_no_crash(build_tiny, batch, task):
    maps = 3 if task['label_space'] == 'multilabel' else 1
    model = build_tiny(SEMI, **task)
    views, samples = batch(maps=maps)
    for view in samples.values():
        for sample in view:
            sample.gt_sem_seg.data.fill_(255)
    total, log = model.parse_losses(model.loss(views, samples))
    total.backward()
    assert total == 0 and all(torch.isfinite(value) for value in log.values())


def test_weights_scale_losses_and_nothing_else(build_tiny, batch):
    views, samples = batch()
    plain = dict(SEMI, cutmix_prob=0.0, sup_weight=1.0, unsup_weight=1.0)
    torch.manual_seed(1)
    one = build_tiny(plain)
    other = build_tiny(dict(plain, sup_weight=0.25, unsup_weight=3.0))
    other.load_state_dict(one.state_dict())
    a, b = one.loss(views, samples), other.loss(views, samples)
    assert torch.allclose(b['decode.loss_ce'], 0.25 * a['decode.loss_ce'])
    assert torch.allclose(b['unsup.loss_strong'], 3 * a['unsup.loss_strong'])
    assert torch.equal(b['decode.acc_seg'], a['decode.acc_seg'])


def test_prediction_of_several_label_maps(build_tiny):
    model = build_tiny(label_space='multilabel', num_classes=3, out_channels=3).eval()
    (result,) = model.predict(torch.randn(1, 3, 32, 32))
    expected = (result.seg_logits.data > 0).long()
    assert torch.equal(result.pred_sem_seg.data, expected)


def test_binary_prediction_uses_the_threshold_of_the_task(build_tiny):
    model = build_tiny(
        label_space=dict(type='binary', threshold=0.7), num_classes=2, out_channels=1, threshold=0.7
    )
    (result,) = model.eval().predict(torch.randn(1, 3, 32, 32))
    probs = result.seg_logits.data  # mmseg stores probabilities for one channel
    assert torch.equal(result.pred_sem_seg.data, (probs > 0.7).float())


def test_auxiliary_heads_of_sigmoid_tasks(batch):
    cfg = tiny_model(None, num_classes=3, out_channels=3)
    aux = dict(
        copy.deepcopy(cfg['decode_head']),
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4),
    )
    for heads in (aux, [aux, aux]):
        model = MODELS.build(
            dict(copy.deepcopy(cfg), label_space='multilabel', auxiliary_head=heads)
        )
        views, samples = batch(classes=2, maps=3)
        losses = model.loss(views['sup'], samples['sup'])
        assert sum('aux' in key for key in losses) == (1 if heads is aux else 2)


def test_checkpoints_with_and_without_a_method(build_tiny):
    """No warning about hundreds of keys of teachers, in either direction."""
    semi, plain = build_tiny(SEMI), build_tiny()
    with torch.no_grad():
        semi.semi.teachers[0].steps.fill_(5)
    assert not any(load_state_dict(plain, semi.state_dict(), strict=True) or ())
    load_state_dict(semi, plain.state_dict(), strict=True)
    assert semi.semi.teachers[0].steps == 5
    broken = {k: v for k, v in semi.state_dict().items() if 'steps' not in k}
    semi.load_state_dict(broken, strict=True)
    assert semi.semi.teachers[0].steps == 0  # what does not fit begins anew


def test_a_batch_without_views_is_refused_in_a_sentence(build_tiny, batch):
    views, samples = batch()
    with pytest.raises(ValueError, match='needs a batch with views: use SemiDataset'):
        build_tiny(SEMI).loss(views['sup'], samples['sup'])


def test_mean_colour_needs_a_mean():
    cfg = tiny_model(dict(SEMI, im=dict(type='InconsistencyMask', fill='mean')))
    cfg['data_preprocessor'].update(mean=None, std=None)
    with pytest.raises(ValueError, match="fill='mean' needs model.data_preprocessor.mean"):
        MODELS.build(cfg)


@pytest.mark.parametrize('task', TASKS, ids=lambda t: t['label_space'])
def test_mixed_precision_gives_the_same_losses(build_tiny, batch, task):
    """bfloat16 on the CPU; probabilities and losses stay in float32."""
    maps = 3 if task['label_space'] == 'multilabel' else 1
    model = build_tiny(dict(SEMI, cutmix_prob=0.0, im=None), **task)
    views, samples = batch(classes=2, maps=maps)
    exact = copy.deepcopy(model).loss(views, samples)  # a step changes BN statistics
    with torch.autocast('cpu', torch.bfloat16):
        mixed = model.loss(views, samples)
    assert model.semi.last_pseudo.prob.dtype == torch.float32
    for key in exact:
        if 'loss' in key:
            assert mixed[key].dtype == torch.float32
            torch.testing.assert_close(mixed[key], exact[key], rtol=0.02, atol=1e-3, msg=key)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
@pytest.mark.parametrize('task', TASKS, ids=lambda t: t['label_space'])
def test_a_step_on_the_gpu_equals_the_cpu(build_tiny, batch, task):
    maps = 3 if task['label_space'] == 'multilabel' else 1
    model = build_tiny(dict(SEMI, cutmix_prob=0.0), **task)
    views, samples = batch(classes=2, maps=maps)
    expected = copy.deepcopy(model).loss(views, samples)
    model.cuda()
    views = {name: view.cuda() for name, view in views.items()}
    samples = {name: [s.cuda() for s in view] for name, view in samples.items()}
    result = model.loss(views, samples)
    for key in expected:
        torch.testing.assert_close(result[key].cpu(), expected[key], rtol=1e-3, atol=1e-4, msg=key)


@pytest.mark.parametrize(
    ('head', 'message'),
    [
        (dict(threshold=0.3), r'decode_head.threshold is 0.3; set it to 0.5'),
        (dict(loss_decode=dict(type='DiceLoss')), 'loss_decode=DiceLoss: binary and multi-label'),
        (
            dict(loss_decode=dict(type='CrossEntropyLoss', class_weight=[1.0, 9.0])),
            'a head with 1 channels takes as many numbers',
        ),
    ],
)
def test_heads_that_would_silently_do_something_else_are_refused(build_tiny, head, message):
    binary = dict(TASKS[1], **head)
    with pytest.raises(ValueError, match=message):
        build_tiny(**binary)


def test_class_weights_that_fail_on_ignored_pixels_are_refused(build_tiny):
    loss = dict(type='CrossEntropyLoss', class_weight=[1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match='WeightedCrossEntropyLoss'):
        build_tiny(loss_decode=loss)


@pytest.mark.parametrize(('task', 'weights'), [(1, [3.0]), (2, [1.0, 0.5, 4.0])])
def test_class_weights_with_ignored_pixels_equal_numpy(build_tiny, batch, task, weights):
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True, class_weight=weights, loss_weight=2.0)
    model = build_tiny(None, **TASKS[task], loss_decode=loss).eval()
    maps = len(weights)
    views, samples = batch(classes=2, maps=maps)
    label = torch.stack([s.gt_sem_seg.data for s in samples['sup']])
    label[:, :, :5] = 255
    for sample, one in zip(samples['sup'], label, strict=True):
        sample.gt_sem_seg.data = one
    with torch.no_grad():
        found = model.loss(views['sup'], samples['sup'])['decode.loss_ce'].item()
        x = model.logits(views['sup']).double().numpy()
    y = label.numpy()
    p = 1 / (1 + np.exp(-x))
    w = np.array(weights)[:, None, None]
    each = -np.where(y == 1, w * np.log(p), np.log(1 - p))
    assert found == pytest.approx(2 * each[y != 255].mean(), rel=1e-5)


def test_missing_views_and_maps_are_named(build_tiny, batch):
    views, samples = batch()
    model = build_tiny(SEMI)
    with pytest.raises(ValueError, match='FixMatch needs the views strong'):
        model.loss({k: v for k, v in views.items() if k != 'strong'}, samples)
    for sample in samples['weak']:
        del sample.gt_sem_seg
    with pytest.raises(ValueError, match='needs LoadEmptyAnnotations'):
        model.loss(views, samples)


def test_init_cfg_of_the_segmentor_spares_frozen_teachers(build_tiny, tmp_path):
    """mmengine applies it to every submodule."""
    path = tmp_path / 'teacher.pth'
    teacher = build_tiny()
    torch.save(teacher.state_dict(), path)
    cfg = tiny_model(
        dict(SEMI, teachers=[*SEMI['teachers'], dict(type='FrozenTeacher', checkpoint=str(path))])
    )
    model = MODELS.build(dict(cfg, init_cfg=dict(type='Constant', layer='Conv2d', val=0.5)))
    model.init_weights()
    for key, value in teacher.state_dict().items():
        assert torch.equal(model.semi.teachers[1].module.state_dict()[key], value)
