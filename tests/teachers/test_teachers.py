# SPDX-License-Identifier: Apache-2.0
"""Teachers of all kinds: weights, modes, schedules, checkpoints, errors."""

import copy

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner.checkpoint import load_state_dict
from mmseg.registry import MODELS
from torch import nn

from mmseg_im.labels.logits import pixel_logits
from mmseg_im.teachers.ema import EMATeacher, ema_weight
from mmseg_im.teachers.frozen import FrozenTeacher
from mmseg_im.teachers.self_teacher import SelfTeacher
from tests.conftest import tiny_model

pytestmark = pytest.mark.fast


def noisy_step(student):
    """Changes parameters and BN statistics as training would."""
    with torch.no_grad():
        for p in student.parameters():
            p.add_(torch.randn_like(p))
        for name, b in student.named_buffers():
            if 'running' in name:
                b.add_(torch.rand_like(b))


def test_ema_is_the_closed_form(build_tiny):
    student = build_tiny()
    teacher = EMATeacher(momentum=0.1)
    teacher.bind(student, 'here')
    expected = None
    for step in range(25):
        noisy_step(student)
        teacher.update(student)
        current = {n: p.detach().double().numpy().copy() for n, p in student.named_parameters()}
        # UniMatch V2's schedule after the optimiser's step it = step - 1; a copy before the first
        weight = 1 - min(1 - 1 / (step - 1 + 1), 0.9) if step else 1
        expected = (
            current
            if expected is None
            else {n: (1 - weight) * expected[n] + weight * current[n] for n in current}
        )
        if step < 2:
            for n, p in teacher.module.named_parameters():
                assert torch.equal(p, student.get_parameter(n))
    for name, p in teacher.module.named_parameters():
        np.testing.assert_allclose(p.numpy(), expected[name], rtol=1e-4, atol=1e-5)
    for name, b in teacher.module.named_buffers():
        assert torch.equal(b, student.get_buffer(name))
    assert teacher.steps == 25


@pytest.mark.parametrize('it', [0, 1, 2, 248, 249, 250, 5000])
def test_schedule(it):
    """Published: after the optimiser's step ``it`` the old mean has this share."""
    assert ema_weight(it + 1, 0.004) == pytest.approx(1 - min(1 - 1 / (it + 1), 0.996))
    assert ema_weight(0, 0.004) == 1


def test_ema_survives_a_move_of_the_model(build_tiny):
    """An average that kept references would go stale when storage is replaced."""
    student = build_tiny()
    student.teacher = EMATeacher(momentum=1.0)
    student.teacher.bind(build_tiny(), 'here')
    student.double()
    noisy_step(student)
    student.teacher.update(student)
    for name, p in student.teacher.module.named_parameters():
        assert p.dtype == torch.float64 and torch.equal(p, student.get_parameter(name))


def test_ema_goes_on_after_loading(build_tiny):
    student = build_tiny()
    first, second = EMATeacher(momentum=0.01), EMATeacher(momentum=0.01)
    for teacher in (first, second):
        teacher.bind(student, 'here')
    for _ in range(3):
        noisy_step(student)
        first.update(student)
    second.update(student)  # its host counter is 1 now and must be forgotten
    load_state_dict(second, first.state_dict(), strict=True)
    noisy_step(student)
    for teacher in (first, second):
        teacher.update(student)
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize('change', ['head', 'lack', 'nothing of it'])
def test_ema_whose_weights_do_not_fit_begins_anew_with_its_counter(build_tiny, change):
    """Else its head would be random, and follow slowly, as the counter says."""
    student, teacher = build_tiny(), EMATeacher(momentum=0.001)
    teacher.bind(student, 'here')
    for _ in range(9):
        teacher.update(student)
    state = {key: value.clone() for key, value in teacher.state_dict().items()}
    if change == 'head':
        state['module.decode_head.conv_seg.bias'] = torch.zeros(7)
    elif change == 'lack':
        del state['module.decode_head.conv_seg.weight']
    else:
        state = dict(steps=state['steps'])
    noisy_step(student)
    load_state_dict(teacher, state, strict=False)
    assert teacher.steps == 0
    teacher.update(student)
    assert teacher.weight == 1 and teacher.steps == 1
    expected = student.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in teacher.module.state_dict().items())


def test_teachers_stay_in_eval_mode_without_gradient(build_tiny):
    model = build_tiny(dict(type='FixMatch', teachers=[dict(type='EMATeacher')]))
    model.train()
    assert model.training and model.backbone.training
    teacher = model.semi.teachers[0]
    assert not any(m.training for m in teacher.modules())
    assert not any(p.requires_grad for p in teacher.parameters())


def test_self_teacher_is_the_student_in_eval_mode(build_tiny):
    student = build_tiny()
    student.train()
    x = torch.randn(2, 3, 32, 32)
    before = copy.deepcopy(student.state_dict())
    (logits,) = SelfTeacher().vote(student, x)
    assert student.training and student.backbone.training
    for name, value in student.state_dict().items():
        assert torch.equal(value, before[name])  # BN statistics were used, not updated
    assert torch.equal(logits, pixel_logits(student.eval(), x))


@pytest.fixture
def trained(build_tiny, tmp_path):
    """A student and the checkpoint of another network of its kind, as a Runner writes it."""
    student, other = build_tiny(), build_tiny()
    noisy_step(other)
    path = tmp_path / 'teacher.pth'
    weights = {**other.state_dict(), 'semi.teachers.0.steps': torch.ones(())}
    meta = dict(dataset_meta=dict(classes=('a', 'b', 'c', 'd')))
    torch.save(dict(state_dict=weights, meta=meta), path)
    return student, other.eval(), str(path)


def test_frozen_teacher_is_its_checkpoint(trained):
    student, other, path = trained
    teacher = FrozenTeacher(path, views=['identity', 'hflip'])
    teacher.bind(student, 'here')
    x = torch.randn(2, 3, 32, 32)
    plain, flipped = teacher.vote(student, x)
    assert torch.equal(plain, other.logits(x))
    assert torch.equal(flipped, other.logits(x.flip(3)).flip(3))
    teacher.init_weights()
    teacher.update(student)
    assert torch.equal(next(iter(teacher.vote(student, x))), plain)
    assert teacher.classes == ('a', 'b', 'c', 'd')


@pytest.mark.parametrize('as_file', [False, True])
def test_frozen_teacher_of_another_config_and_normalisation(trained, build_tiny, tmp_path, as_file):
    """A stock EncoderDecoder that reads BGR with other constants gives its own prediction."""
    student = trained[0]
    cfg = tiny_model()
    cfg.pop('semi')
    cfg['type'] = 'EncoderDecoder'
    cfg['backbone']['base_channels'] = 4
    cfg['data_preprocessor'].update(
        type='SegDataPreProcessor',
        bgr_to_rgb=False,
        mean=[90.0, 80.0, 70.0],
        std=[10.0, 20.0, 30.0],
    )
    from mmseg.registry import MODELS

    other = MODELS.build(copy.deepcopy(cfg)).eval()
    path = tmp_path / 'other.pth'
    torch.save(other.state_dict(), path)
    if as_file:
        config = tmp_path / 'other.py'
        Config(dict(model=cfg)).dump(str(config))
        cfg = str(config)
    teacher = FrozenTeacher(str(path), config=cfg)
    teacher.bind(student, 'here')
    raw = torch.randint(255, (3, 32, 32), dtype=torch.uint8)
    mine = student.data_preprocessor(dict(inputs=[raw]))['inputs']
    theirs = other.data_preprocessor(dict(inputs=[raw]))['inputs']
    (logits,) = teacher.vote(student, mine)
    torch.testing.assert_close(logits, pixel_logits(other, theirs), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('teacher_has', [True, False])
def test_normalisation_of_images_of_four_channels_is_converted(tmp_path, teacher_has):
    """Channels of others than colour images are never swapped, as in mmseg."""
    one, other = ({**tiny_model(), 'semi': None} for _ in range(2))
    for cfg in (one, other):
        cfg['backbone']['in_channels'] = 4
    constants = dict(mean=[9.0, 8.0, 7.0, 6.0], std=[2.0, 3.0, 4.0, 5.0], bgr_to_rgb=True)
    without = dict(type='MultiViewDataPreProcessor')
    one['data_preprocessor'] = without if teacher_has else dict(without, **constants)
    other['data_preprocessor'] = dict(without, **constants) if teacher_has else without
    student, network = MODELS.build(one).eval(), MODELS.build(other).eval()
    torch.save(dict(state_dict=network.state_dict()), tmp_path / 'x.pth')
    teacher = FrozenTeacher(str(tmp_path / 'x.pth'), config=other)
    teacher.bind(student, 'here')
    raw = torch.randint(255, (4, 32, 32), dtype=torch.uint8)
    mine = student.data_preprocessor(dict(inputs=[raw]))['inputs']
    theirs = network.data_preprocessor(dict(inputs=[raw]))['inputs']
    torch.testing.assert_close(teacher.adapt(mine), theirs)


def test_a_teacher_of_images_of_other_channels_is_refused(trained, tmp_path):
    student = trained[0]
    cfg = dict(tiny_model(), data_preprocessor=dict(
        type='MultiViewDataPreProcessor', mean=[1.0] * 4, std=[1.0] * 4
    ))  # fmt: skip
    cfg['backbone']['in_channels'] = 4
    path = tmp_path / 'four.pth'
    torch.save(dict(state_dict=MODELS.build(cfg).state_dict()), path)
    with pytest.raises(ValueError, match='here.config: the teacher takes images of 4 channels and'):
        FrozenTeacher(str(path), config=cfg).bind(student, 'here')


def test_wrong_teachers_are_named(trained, build_tiny, tmp_path):
    student, _, path = trained

    def bind(**kwargs):
        FrozenTeacher(**kwargs).bind(student, 'model.semi.teachers[0]')

    with pytest.raises(FileNotFoundError, match=r'teachers\[0\].checkpoint: .*none.pth does not'):
        bind(checkpoint=str(tmp_path / 'none.pth'))
    with pytest.raises(FileNotFoundError, match=r'teachers\[0\].config: none.py does not exist'):
        bind(checkpoint=path, config='none.py')
    torch.save(build_tiny(num_classes=7).state_dict(), tmp_path / 'seven.pth')
    with pytest.raises(ValueError, match=r'seven.pth has 7 classes and the network 4'):
        bind(checkpoint=str(tmp_path / 'seven.pth'))
    with pytest.raises(ValueError, match=r'config: the teacher has 7 classes and the student 4'):
        bind(checkpoint=path, config=tiny_model(num_classes=7))
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / 'linear.pth')
    with pytest.raises(ValueError, match=r'linear.pth is of another architecture'):
        bind(checkpoint=str(tmp_path / 'linear.pth'))
    with pytest.raises(ValueError, match=r'momentum=0 must lie in \(0, 1\]'):
        EMATeacher(momentum=0)
    with pytest.raises(ValueError, match='views=.* must be a list'):
        EMATeacher(views='hflip')


def test_another_task_or_another_run_is_refused(trained, build_tiny, tmp_path):
    student, _, path = trained
    multi_label = build_tiny(label_space='multilabel', num_classes=4, out_channels=4)
    with pytest.raises(ValueError, match='predicts a MultiClass task.*student a MultiLabel task'):
        FrozenTeacher(path, config=tiny_model()).bind(multi_label, 'here')
    teacher = FrozenTeacher(path)
    teacher.bind(student, 'here')
    state = {k: v.clone() for k, v in teacher.state_dict().items()}
    load_state_dict(teacher, state, strict=True)
    state['module.decode_head.conv_seg.bias'] += 1
    with pytest.raises(ValueError, match='another frozen teacher there'):
        load_state_dict(teacher, state, strict=True)


def test_ema_of_weights_that_were_nan_is_a_copy(build_tiny):
    student = build_tiny()
    teacher = EMATeacher(momentum=0.1)
    teacher.bind(student, 'here')
    with torch.no_grad():
        next(teacher.module.parameters()).fill_(torch.nan)
    teacher.update(student)
    assert all(torch.isfinite(p).all() for p in teacher.module.parameters())


def test_self_teacher_leaves_frozen_norms_in_eval_mode(build_tiny):
    student = build_tiny()
    student.train()
    student.backbone.encoder[0].eval()
    list(SelfTeacher().vote(student, torch.randn(1, 3, 32, 32)))
    assert student.training and not student.backbone.encoder[0].training
