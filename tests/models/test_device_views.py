# SPDX-License-Identifier: Apache-2.0
"""Strong views made by the data preprocessor, against OpenCV, NumPy and the loader's transforms."""

import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample

from mmseg_im.datasets.transforms import ColorJitter
from mmseg_im.errors import UserError
from mmseg_im.models import DeviceStrongViews
from tests.conftest import ROOT, rename, retarget, shrink, tiny_model

TWO = dict(weak=['strong1', 'strong2'])
NAMES = ('brightness', 'contrast', 'saturation', 'hue')
OFF = dict(jitter_prob=0.0, gray_prob=0.0, blur_prob=0.0)
STILL = dict.fromkeys(NAMES, 0.0)


def smooth_image(seed=0, size=(24, 40)) -> np.ndarray:
    """(H, W, 3) uint8, BGR, with colours of all kinds."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 10, 3), dtype=np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)


def tensor(img: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(img.transpose(2, 0, 1).copy())


def strong(views: DeviceStrongViews, img: np.ndarray) -> np.ndarray:
    """The first strong view of an image, (H, W, 3)."""
    made = views(dict(weak=[tensor(img)]))['strong1'][0]
    assert made.dtype == torch.float32 and made.min() >= 0 and made.max() <= 255
    return made.numpy().transpose(1, 2, 0)


def reference(bgr: np.ndarray, step: int, factor: float) -> np.ndarray:
    """One operation of the colour jitter in [0, 1], from torchvision's documentation."""
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    if step == 0:
        out = bgr * factor
    elif step == 1:
        out = factor * bgr + (1 - factor) * gray.mean()
    elif step == 2:
        out = factor * bgr + (1 - factor) * gray[..., None]
    else:
        hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0] + 360 * factor) % 360
        out = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return np.clip(out, 0, 1).astype(np.float32)


def drawn(views: DeviceStrongViews) -> tuple[list[int], list[float]]:
    """Order and factors of the last colour jitter."""
    params = views.operations[0][1]._params
    return params['order'].tolist(), [params[f'{name}_factor'].item() for name in NAMES]


def test_colour_jitter_is_torchvisions():
    views = DeviceStrongViews(dict(weak=['strong1']), **dict(OFF, jitter_prob=1.0))
    orders = set()
    for seed in range(8):
        img = smooth_image(seed)
        made = strong(views, img)
        order, factors = drawn(views)
        expected = img.astype(np.float32) / 255
        for step in order:
            expected = reference(expected, step, factors[step])
        np.testing.assert_allclose(made, 255 * expected, atol=0.1)
        assert all(0.5 <= factor <= 1.5 for factor in factors[:3]) and abs(factors[3]) <= 0.25
        orders.add(tuple(order))
    assert len(orders) > 4


@pytest.mark.parametrize('step', range(4))
def test_each_operation_is_that_of_the_loader(step):
    only = dict(STILL, **{NAMES[step]: 0.5 if step < 3 else 0.25})
    views = DeviceStrongViews(dict(weak=['strong1']), **only, **dict(OFF, jitter_prob=1.0))
    loader, moved = ColorJitter(), 0.0
    for seed in range(4):
        img = smooth_image(seed)
        made = strong(views, img)
        draw = drawn(views)
        loader._draw = lambda draw=draw: draw
        expected = loader.transform(dict(img=img))['img'].astype(float)
        assert abs(made - expected).max() < 2
        moved = max(moved, abs(made - img).max())
    assert moved > 5


def test_grayscale():
    views = DeviceStrongViews(dict(weak=['strong1']), **dict(OFF, gray_prob=1.0))
    img = smooth_image()
    expected = np.repeat(img @ np.array([0.114, 0.587, 0.299])[:, None], 3, axis=2)
    np.testing.assert_allclose(strong(views, img), expected, atol=0.05)


def test_blur_is_opencvs():
    views = DeviceStrongViews(dict(weak=['strong1']), **dict(OFF, blur_prob=1.0))
    for seed in range(4):
        img = smooth_image(seed)
        made = strong(views, img)
        sigma = views.operations[2][1]._params['sigma'].item()
        assert 0.1 <= sigma <= 2
        exact = cv2.GaussianBlur(img.astype(np.float64), (13, 13), sigma)
        np.testing.assert_allclose(made, exact, atol=0.05)
        assert abs(made - cv2.GaussianBlur(img, (0, 0), sigma)).max() < 2  # the loader's


def test_every_image_has_its_own_coins_at_the_given_rates():
    views = DeviceStrongViews(TWO)
    calls = Counter()

    def counted(name):
        return lambda image: calls.update([name]) or image

    views.operations = [(prob, counted(type(op).__name__)) for prob, op in views.operations]
    views(dict(weak=[torch.zeros(3, 1, 1, dtype=torch.uint8)] * 1000))
    rates = dict(ColorJitter=0.8, RandomGrayscale=0.2, RandomGaussianBlur=0.5)
    assert {name: calls[name] / 2000 for name in rates} == pytest.approx(rates, abs=0.05)


def test_images_and_views_differ_and_a_seed_repeats_them():
    views = DeviceStrongViews(TWO, jitter_prob=1.0)
    image = tensor(smooth_image())

    def made(seed):
        torch.manual_seed(seed)
        found = views(dict(weak=[image, image]))
        return [*found['strong1'], *found['strong2']]

    first = made(3)
    assert all(map(torch.equal, first, made(3))) and not any(map(torch.equal, first, made(4)))
    for i in range(4):
        assert not any(torch.equal(first[i], first[j]) for j in range(i))


def test_nothing_waits_for_the_device():
    """A tensor on ``meta`` raises where a program asks for a value."""
    views = DeviceStrongViews(TWO)
    image = torch.zeros(1, 3, 24, 40, device='meta')
    with pytest.raises(RuntimeError):
        bool((image > 0).any())
    for _, operation in views.operations:
        assert operation(image).device.type == 'meta'


def test_half_precision_does_not_reach_the_views():
    views = DeviceStrongViews(dict(weak=['strong1']), **dict(OFF, blur_prob=1.0))
    image = tensor(smooth_image())
    made = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            made += views(dict(weak=[image]))['strong1']
    assert torch.equal(*made)


def test_arguments_of_the_wrong_kind():
    for wrong in ({}, dict(weak='strong'), dict(weak=[]), dict(weak=['sup']), dict(weak=['weak'])):
        with pytest.raises(UserError, match='device_views.views='):
            DeviceStrongViews(wrong)
    with pytest.raises(UserError, match='a name of its own'):
        DeviceStrongViews(dict(weak=['strong'], mix_weak=['strong']))
    for wrong in (dict(hue=0.6), dict(contrast=-1), dict(gray_prob=1.1), dict(sigma=(0, 1))):
        with pytest.raises(UserError, match='DeviceStrongViews|device_views'):
            DeviceStrongViews(TWO, **wrong)


def test_batches_of_the_wrong_kind():
    views = DeviceStrongViews(TWO)
    image = tensor(smooth_image())
    with pytest.raises(UserError, match="'strong1' of 'weak', and the loader gives sup, other"):
        views(dict(sup=[image], other=[image]))
    with pytest.raises(UserError, match="must not make 'strong2'"):
        views(dict(weak=[image], strong2=[image]))
    with pytest.raises(UserError, match='uint8'):
        views(dict(weak=[image.float()]))


def test_without_kornia(monkeypatch):
    monkeypatch.setitem(sys.modules, 'kornia.augmentation', None)
    cfg = tiny_model()['data_preprocessor']
    MODELS.build(cfg)
    with pytest.raises(UserError, match='pip install kornia'):
        MODELS.build(dict(cfg, device_views=dict(type='DeviceStrongViews', views=TWO)))


def loader_batch(sizes, sources=('weak',)) -> dict:
    """What a loader with the views ``sup`` and ``sources`` gives: images of these sizes."""
    inputs, samples = {}, {}
    for name in ('sup', *sources):
        inputs[name] = [tensor(smooth_image(i, size)) for i, size in enumerate(sizes)]
        samples[name] = [
            SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, *size).long())) for size in sizes
        ]
    return dict(inputs=inputs, data_samples=samples)


def preprocessor(views=TWO, **kwargs):
    cfg = dict(tiny_model()['data_preprocessor'], **kwargs)
    options = {k: cfg.pop(k) for k in (*OFF, *STILL) if k in cfg}
    return MODELS.build(
        dict(cfg, device_views=dict(type='DeviceStrongViews', views=views, **options))
    )


@pytest.mark.parametrize('fixed', [True, False], ids=['size', 'size_divisor'])
def test_views_are_aligned_and_padding_stays_padding(fixed):
    sizes = [(24, 32), (32, 20)]
    shape = dict(size=(32, 32)) if fixed else dict(size=None, size_divisor=16)
    still = preprocessor(**OFF, **shape, pad_val=7)(loader_batch(sizes), training=True)
    out = preprocessor(**shape, pad_val=7, jitter_prob=1.0)(loader_batch(sizes), training=True)
    assert list(out['inputs']) == ['sup', 'weak', 'strong1', 'strong2']
    for name in TWO['weak']:
        torch.testing.assert_close(still['inputs'][name], still['inputs']['weak'])
        for i, (height, width) in enumerate(sizes):
            padding = torch.ones(32, 32, dtype=torch.bool)
            padding[:height, :width] = False
            image, sample = out['inputs'][name][i], out['data_samples'][name][i]
            assert (image[:, padding] == 7).all()
            assert torch.equal(sample.gt_sem_seg.data[0] == 255, padding)
            assert not torch.allclose(image[:, ~padding], out['inputs']['weak'][i][:, ~padding])
    for name in ('sup', 'weak'):
        torch.testing.assert_close(out['inputs'][name], still['inputs'][name])


def test_a_view_keeps_its_edges():
    """Two halves of one colour each: wherever the colours went, the edge is where it was."""
    batch = loader_batch([(32, 32)])
    batch['inputs']['weak'][0][:] = 40
    batch['inputs']['weak'][0][:, :, 11:] = 200
    out = preprocessor(blur_prob=0.0, jitter_prob=1.0)(batch, training=True)['inputs']
    for name in TWO['weak']:
        steps = out[name][0].diff(dim=2).abs().amax(dim=(0, 1))
        assert steps.argmax() == 10 and steps.sum() == pytest.approx(steps[10].item())


def test_two_crops_have_strong_views_of_their_own():
    views = dict(weak=['strong1'], mix_weak=['mix_strong1'])
    batch = loader_batch([(32, 32)] * 2, sources=('weak', 'mix_weak'))
    batch['inputs']['mix_weak'].reverse()
    out = preprocessor(views, **OFF)(batch, training=True)
    for source, (name,) in views.items():
        torch.testing.assert_close(out['inputs'][name], out['inputs'][source])
        assert out['data_samples'][name] is out['data_samples'][source]


def test_batches_of_other_kinds_are_untouched():
    plain, made = MODELS.build(tiny_model()['data_preprocessor']), preprocessor()
    for training in (True, False):
        batches = [
            {key: value['weak'] for key, value in loader_batch([(32, 32)] * 2).items()}
            for _ in range(2)
        ]
        expected, found = plain(batches[0], training), made(batches[1], training)
        assert torch.equal(found['inputs'], expected['inputs'])
    assert list(made(loader_batch([(32, 32)]), training=False)['inputs']) == ['sup', 'weak']


METHODS = dict(
    FixMatch=(dict(teachers=[dict(type='EMATeacher')], threshold=0.0), ['strong']),
    UniMatchV2=(dict(teachers=[dict(type='EMATeacher')], threshold=0.0), TWO['weak']),
)


@pytest.mark.parametrize('method', METHODS)
def test_a_step_from_a_loader_with_the_weak_view_alone(method):
    options, names = METHODS[method]
    cfg = tiny_model(dict(type=method, **options))
    cfg['data_preprocessor']['device_views'] = dict(
        type='DeviceStrongViews', views=dict(weak=names)
    )
    model = MODELS.build(cfg).train()
    batch = loader_batch([(32, 32), (24, 32)])
    data = model.data_preprocessor(batch, training=True)
    losses = model(**data, mode='loss')
    total = model.parse_losses(losses)[0]
    total.backward()
    assert losses.keys() > {'decode.loss_ce'} and any(key.startswith('unsup.') for key in losses)
    assert total.isfinite() and model.decode_head.conv_seg.weight.grad.abs().sum() > 0
    with pytest.raises(UserError, match='needs the views strong'):
        model.data_preprocessor.device_views = None
        model(**model.data_preprocessor(loader_batch([(32, 32)] * 2), True), mode='loss')


def test_a_resumed_run_equals_an_undisturbed_one(demo_cfg):
    """The demo with one view from the loader: two epochs, and the second of them again."""
    demo_cfg.train_dataloader.dataset.unlabeled.pipeline[-1].views = dict(
        weak=[dict(type='PackSemiInputs')]
    )
    demo_cfg.model.data_preprocessor.device_views = dict(
        type='DeviceStrongViews', views=dict(weak=['strong'])
    )
    demo_cfg.train_dataloader.dataset.num_samples = 4  # two steps an epoch
    demo_cfg.randomness = dict(seed=1)
    demo_cfg.default_hooks.checkpoint.update(interval=1, max_keep_ckpts=2)
    weights, work_dir = [], Path(demo_cfg.work_dir)
    for name in ('whole', 'resumed'):
        cfg = Config(demo_cfg.to_dict())
        cfg.work_dir = str(work_dir / name)
        rename(cfg, f'{work_dir.parent.name}_{name}')
        if name == 'resumed':
            torch.rand(3)
            cfg.update(resume=True, load_from=str(work_dir / 'whole' / 'epoch_1.pth'))
        runner = Runner.from_cfg(cfg)
        runner.train()
        assert runner.iter == 4
        weights.append(runner.model.state_dict())
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())


def test_the_config_of_the_docs(mini_cityscapes, tmp_path):
    text = (ROOT / 'docs/benchmarks.md').read_text().split('## When the loader cannot keep up')[1]
    code = text.split('```python\n')[1].split('```')[0]
    assert len(code.splitlines()) <= 8
    path = tmp_path / 'device.py'
    path.write_text(code.replace("'./", f"'{ROOT}/configs/unimatch/"))
    cfg = Config.fromfile(path)
    shrink(cfg)
    retarget(cfg, dict(data_root=mini_cityscapes))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert list(batch['inputs']) == ['sup', 'weak', 'mix_weak']
    model = MODELS.build(cfg.model).train()
    data = model.data_preprocessor(batch, training=True)
    assert data['inputs'].keys() > set(model.semi.views)
    assert model.parse_losses(model(**data, mode='loss'))[0].isfinite()
