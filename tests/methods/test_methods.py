# SPDX-License-Identifier: Apache-2.0
"""What every method must do, with and without the mask: learn, and reach the right parameters."""

import pytest
import torch

from tests.conftest import samples, tiny_model

TEACHER = dict(type='EMATeacher', momentum=0.1)
VIEWS = dict(TEACHER, views=['identity', 'hflip'])
METHODS = dict(
    fixmatch=dict(type='FixMatch', teachers=[TEACHER], threshold=0.3),
    mean_teacher=dict(type='MeanTeacher', teachers=[TEACHER]),
    unimatch=dict(type='UniMatch', threshold=0.3),
    unimatch_same_image=dict(type='UniMatch', threshold=0.3, partner='image'),
    unimatch_v2=dict(type='UniMatchV2', teachers=[TEACHER], threshold=0.3),
    augseg=dict(type='AugSeg', teachers=[TEACHER]),
    imas=dict(type='IMAS', teachers=[TEACHER], threshold=0.3, unsup_weight=1.0),
    u2pl=dict(
        type='U2PL',
        teachers=[TEACHER],
        in_channels=[8, 4],
        in_index=[0, 1],
        dim=8,
        bank_size=64,
        max_keys=16,
        num_anchors=8,
        num_negatives=4,
        ranks=(2, 4),
    ),
    cps=dict(type='CPS'),
    segkc=dict(type='SegKC', senior=tiny_model(num_classes=4), channels=(4, 4)),
)
IM = dict(type='InconsistencyMask')
ALL_VIEWS = ('weak', 'strong', 'strong1', 'strong2', 'mix_weak', 'mix_strong1', 'mix_strong2')


def with_mask(semi: dict) -> dict:
    """The method with two voters and the mask."""
    if semi['type'] in ('CPS', 'SegKC'):  # its two networks vote
        return dict(semi, im=IM)
    voter = VIEWS if 'teachers' in semi else dict(type='SelfTeacher', views=VIEWS['views'])
    return dict(semi, teachers=[voter], im=IM)


def cases():
    for name, semi in METHODS.items():
        yield pytest.param(semi, id=name)
        yield pytest.param(with_mask(semi), id=f'{name}-im')


each_method = pytest.mark.parametrize('semi', list(cases()))


def make_batch(n=2, size=(32, 32), seed=0):
    """Images whose colour tells their class, labeled and in all views."""
    rng = torch.Generator().manual_seed(seed)

    def draw():
        coarse = torch.randint(4, (n, 1, size[0] // 8, size[1] // 8), generator=rng)
        label = coarse.repeat_interleave(8, 2).repeat_interleave(8, 3)
        colour = torch.stack([label == 1, label == 2, label == 3], 1)[:, :, 0].float()
        return label, 2 * colour + 0.1 * torch.randn(n, 3, *size, generator=rng)

    label, image = draw()
    views, of_view = dict(sup=image), dict(sup=samples(label))
    _, weak = draw()
    for name in ALL_VIEWS:
        if name == 'mix_weak':
            _, weak = draw()
        noise = 0 if name.endswith('weak') else 0.2
        views[name] = weak + noise * torch.randn(weak.shape, generator=rng)
        of_view[name] = samples(torch.zeros(n, 1, *size, dtype=torch.long))
        for sample in of_view[name]:
            sample.gt_sem_seg.data[:, -3:] = 255  # padding
    return views, of_view


def make_decisive(model, noise=0.1) -> None:
    """Untrained networks answer nearly alike for every pixel: then a wrong label costs nothing.

    The student answers by what it sees, and its teachers nearly so.
    """
    torch.nn.init.normal_(model.decode_head.conv_seg.weight)
    student = dict(model.named_parameters())
    with torch.no_grad():
        for teacher in model.semi.teachers:
            for name, p in teacher.named_parameters():
                p.copy_(student[name.removeprefix('module.')] + noise * torch.randn_like(p))


def total(losses: dict) -> torch.Tensor:
    return sum(value for key, value in losses.items() if 'loss' in key)


@each_method
def test_ten_steps_on_one_batch(build_tiny, semi):
    model = build_tiny(semi)
    model.train()
    views, of_view = make_batch()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.02)
    supervised = []
    for _ in range(10):
        losses = model.loss(views, of_view)
        loss = total(losses)
        assert torch.isfinite(loss)
        supervised.append(losses['decode.loss_ce'].item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert supervised[-1] < 0.9 * supervised[0]
    for name, parameter in model.named_parameters():
        if name.startswith(('semi.teachers', 'semi.represent_ema')):
            assert parameter.grad is None and not parameter.requires_grad, name
        else:
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name


@each_method
def test_unlabeled_pixels_are_learned_from(build_tiny, semi):
    """The unsupervised part alone moves the network."""
    model = build_tiny(dict(semi, sup_weight=0.0))
    model.train()
    views, of_view = make_batch()
    losses = model.loss(views, of_view)
    unsup = sum(v for k, v in losses.items() if k.startswith('unsup.') and 'loss' in k)
    assert unsup > 0
    unsup.backward()
    grad = torch.cat([p.grad.flatten() for p in model.backbone.parameters() if p.grad is not None])
    assert grad.abs().sum() > 0


@each_method
def test_bfloat16(build_tiny, semi):
    """The losses under autocast are those in float32 within 2 %."""
    found = []
    for enabled in (False, True):
        torch.manual_seed(0)
        model = build_tiny(dict(semi))
        model.train()
        views, of_view = make_batch()
        torch.manual_seed(1)
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            found.append(total(model.loss(views, of_view)).item())
    assert found[1] == pytest.approx(found[0], rel=0.02)


@each_method
@pytest.mark.parametrize('size', [(32, 32), (24, 40)], ids=str)
def test_a_batch_of_one_and_nothing_labeled(build_tiny, semi, size):
    model = build_tiny(semi)
    model.train()
    views, of_view = make_batch(n=1, size=size)
    of_view['sup'][0].gt_sem_seg.data.fill_(255)
    loss = total(model.loss(views, of_view))
    loss.backward()
    assert torch.isfinite(loss)


@each_method
def test_everything_is_padding(build_tiny, semi):
    model = build_tiny(semi)
    model.train()
    views, of_view = make_batch()
    for name in ALL_VIEWS:
        for sample in of_view[name]:
            sample.gt_sem_seg.data.fill_(255)
    losses = model.loss(views, of_view)
    total(losses).backward()
    unsup = {k: v for k, v in losses.items() if k.startswith('unsup.') and 'loss' in k}
    assert all(torch.isfinite(v) for v in unsup.values())
    # what labeled pixels or whole feature maps take part in
    of_labeled = ('unsup.loss_contrast', 'unsup.loss_features', 'unsup.loss_labeled')
    unsup = {k: v for k, v in unsup.items() if k not in of_labeled or semi['type'] == 'UniMatch'}
    if semi['type'] != 'AugSeg':  # which injects labeled pixels
        assert all(v.item() == 0 for v in unsup.values())


# AugSeg, which injects labeled pixels, names no threshold here
@pytest.mark.parametrize('name', [n for n, m in METHODS.items() if 'threshold' in m])
def test_all_pixels_below_the_threshold(build_tiny, name):
    model = build_tiny(dict(METHODS[name], threshold=1.0))
    model.train()
    views, of_view = make_batch()
    losses = model.loss(views, of_view)
    total(losses).backward()
    assert all(v.item() == 0 for k, v in losses.items() if k.startswith('unsup.loss'))


@pytest.mark.parametrize('name', ['fixmatch', 'unimatch', 'unimatch_v2', 'segkc', 'u2pl'])
@pytest.mark.parametrize('prob', [0.0, 1.0])
def test_how_many_images_are_mixed(build_tiny, monkeypatch, name, prob):
    """No image with probability 0, and with 1 every one: no view passes as it is."""
    model = build_tiny(dict(METHODS[name], cutmix_prob=prob))
    model.train()
    passed = []
    extract = model.extract_feat
    monkeypatch.setattr(model, 'extract_feat', lambda x: passed.extend(x) or extract(x))
    views, of_view = make_batch(n=6)
    model.loss(views, of_view)
    for view in ('weak',) if name == 'u2pl' else model.semi.views[1:]:
        for image in views[view]:
            assert any(torch.equal(image, one) for one in passed) == (prob == 0), view


@pytest.mark.parametrize('name', list(METHODS))
def test_a_misspelt_option_is_named(build_tiny, name):
    with pytest.raises(ValueError, match='model.semi.sup_wieght: .*Did you mean .sup_weight.'):
        build_tiny(dict(METHODS[name], sup_wieght=1.0))


@pytest.mark.parametrize('name', [n for n, m in METHODS.items() if 'teachers' in m])
def test_one_voter_makes_no_mask(build_tiny, name):
    with pytest.raises(ValueError, match='one voter always agrees with itself'):
        build_tiny(dict(METHODS[name], im=IM))


@each_method
def test_labeled_images_of_another_size(build_tiny, semi):
    model = build_tiny(semi)
    model.train()
    views, of_view = make_batch()
    other, of_other = make_batch(size=(24, 40))
    views['sup'], of_view['sup'] = other['sup'], of_other['sup']
    views = {name: views[name] for name in ('sup', *model.semi.views)}
    if semi['type'] in ('AugSeg', 'U2PL'):
        with pytest.raises(ValueError, match='set model.data_preprocessor.size to'):
            model.loss(views, of_view)
        return
    loss = total(model.loss(views, of_view))
    loss.backward()
    assert torch.isfinite(loss)
