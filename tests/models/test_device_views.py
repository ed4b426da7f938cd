# SPDX-License-Identifier: Apache-2.0
"""Strong views made on the device, against OpenCV, NumPy and the loader's transforms."""

import sys
from collections import Counter

import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from mmseg_im.datasets.transforms import ColorJitter
from mmseg_im.errors import UserError
from mmseg_im.models import DeviceStrongViews
from tests.conftest import tiny_model

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
