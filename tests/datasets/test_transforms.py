# SPDX-License-Identifier: Apache-2.0
"""Transforms against plain NumPy computations in float64."""

import colorsys
import itertools

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_im.datasets import MultiLabelDataset, SeededDataset
from mmseg_im.datasets.seeded import seeded
from mmseg_im.datasets.transforms import (
    ColorJitter,
    GaussianBlur,
    LoadEmptyAnnotations,
    MultiView,
    PackSemiInputs,
)
from mmseg_im.models.data_preprocessor import MultiViewDataPreProcessor

STRENGTHS = dict(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.25)
NAMES = tuple(STRENGTHS)
SIZES = [(1, 1), (1, 6), (5, 1), (4, 1), (7, 13), (13, 8)]
SEEDS = range(8)
PACK = dict(type='PackSemiInputs')


def noise(size=(15, 22), seed=0) -> np.ndarray:
    """BGR image (H, W, 3) uint8 whose channels differ in their mean."""
    high = np.array([90, 256, 180])
    return np.random.default_rng(seed).integers(0, high, (*size, 3)).astype(np.uint8)


def apply(transform, image: np.ndarray) -> np.ndarray:
    before = image.copy()
    result = transform(dict(img=image))['img']
    assert result.dtype == np.uint8 and result.shape == image.shape
    np.testing.assert_array_equal(image, before)  # the other views need it as it was
    return result


def assert_near(result: np.ndarray, expected: np.ndarray, levels: float) -> None:
    np.testing.assert_allclose(result.astype(float), expected, rtol=0, atol=levels)


# -------------------------------------------------------------------------- ColorJitter, one by one


def gray(image: np.ndarray) -> np.ndarray:
    return (image @ [0.114, 0.587, 0.299])[..., None]


def turn_hue(image: np.ndarray, shift: float) -> np.ndarray:
    def turn(b: float, g: float, r: float) -> tuple:
        h, s, v = colorsys.rgb_to_hsv(r / 255, g / 255, b / 255)
        return tuple(255 * x for x in colorsys.hsv_to_rgb((h + shift) % 1, s, v)[::-1])

    return np.array([turn(*pixel) for pixel in image.reshape(-1, 3)]).reshape(image.shape)


# torchvision.transforms.functional: every adjust_* is a blend of the image with something,
# f * img + (1 - f) * other, clamped; adjust_hue adds to H of HSV
REFERENCE = dict(
    brightness=lambda img, f: np.clip(f * img, 0, 255),
    contrast=lambda img, f: np.clip(f * img + (1 - f) * gray(img).mean(), 0, 255),
    saturation=lambda img, f: np.clip(f * img + (1 - f) * gray(img), 0, 255),
    hue=turn_hue,
)


def only(name: str, strength: float) -> ColorJitter:
    return ColorJitter(**dict.fromkeys(NAMES, 0) | {name: strength})


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('name', NAMES)
def test_jitter_of_one_kind(name, seed):
    jitter, image = only(name, 0.5), noise(seed=seed)
    with seeded(seed):
        _, factors = jitter._draw()
    with seeded(seed):
        result = apply(jitter, image)
    factor = factors[NAMES.index(name)]
    expected = REFERENCE[name](image.astype(float), factor)
    assert np.abs(expected - image).mean() > 0.5, 'the draw is too weak to test anything'
    assert_near(result, expected, levels=2)


@pytest.mark.parametrize('size', SIZES)
def test_jitter_without_strength_changes_nothing(size):
    # nor does the way to HSV and back: every colour of a coarse cube comes back
    cube = np.array(list(itertools.product(range(0, 256, 17), repeat=3)), np.uint8)
    for image in (noise(size), cube.reshape(64, 64, 3)):
        np.testing.assert_array_equal(apply(ColorJitter(**dict.fromkeys(NAMES, 0)), image), image)


def test_jitter_keeps_gray_under_saturation_and_hue():
    image = np.repeat(noise()[..., :1], 3, axis=-1)
    for seed in SEEDS:
        with seeded(seed):
            assert_near(apply(only('saturation', 0.9), image), image, levels=1)
            assert_near(apply(only('hue', 0.5), image), image, levels=0)


@pytest.mark.parametrize('size', SIZES)
def test_jitter_of_any_size(size):
    for seed in SEEDS:
        with seeded(seed):
            apply(ColorJitter(**STRENGTHS), noise(size))


# ------------------------------------------------------------------------- ColorJitter's randomness


def test_order_is_random():
    jitter = ColorJitter()
    with seeded(0):
        orders = {tuple(jitter._draw()[0].tolist()) for _ in range(400)}
    assert orders == set(itertools.permutations(range(4)))


def test_factors_stay_in_range_and_fill_it():
    jitter = ColorJitter(brightness=0.5, contrast=1.5, saturation=0.25, hue=0.125)
    with seeded(0):
        factors = np.array([jitter._draw()[1] for _ in range(600)])
    low, high = np.array([0.5, 0, 0.75, -0.125]), np.array([1.5, 2.5, 1.25, 0.125])
    assert (factors >= low).all() and (factors <= high).all()
    margin = 0.02 * (high - low)
    assert (factors.min(0) < low + margin).all() and (factors.max(0) > high - margin).all()


def test_drawn_order_is_applied(monkeypatch):
    factors = [1.5, 1.5, 1.5, 0.2]
    image = np.random.default_rng(0).integers(0, 256, (15, 22, 3), np.uint8)
    results, expected, draws = [], [], []
    for order in itertools.permutations(range(4)):
        jitter = ColorJitter()

        def draw(order=order):
            draws.append(order)
            return np.array(order), factors

        monkeypatch.setattr(jitter, '_draw', draw)
        results.append(apply(jitter, image))
        expected.append(image.astype(float))
        for i in order:
            expected[-1] = REFERENCE[NAMES[i]](expected[-1], factors[i])
    assert draws == list(itertools.permutations(range(4)))  # once for each image
    # every step rounds, and the steps after it enlarge that by up to 1.5
    np.testing.assert_allclose(np.float64(results), expected, rtol=0, atol=6)
    for one, other in itertools.combinations(expected, 2):
        assert np.abs(one - other).max() > 12, 'the orders cannot be told apart'


@pytest.mark.parametrize(
    'wrong',
    [
        dict(brightness=-0.1),
        dict(contrast=-1),
        dict(saturation=-0.5),
        dict(hue=-0.1),
        dict(hue=0.6),
    ],
    ids=str,
)
def test_jitter_refuses(wrong):
    with pytest.raises(ValueError, match=f'ColorJitter.*{next(iter(wrong.values()))}'):
        ColorJitter(**wrong)


# ------------------------------------------------------------------------------------- GaussianBlur


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Convolution with a Gaussian that is cut at 5 sigma, mirrored at the border."""
    radius = int(np.ceil(5 * sigma))
    kernel = np.exp(-np.square(np.arange(-radius, radius + 1) / sigma) / 2)
    kernel /= kernel.sum()
    out = image.astype(float)
    for axis in (0, 1):
        widths = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
        out = np.pad(out, widths, mode='reflect')
        windows = np.lib.stride_tricks.sliding_window_view(out, len(kernel), axis)
        out = windows @ kernel
    return out


@pytest.mark.parametrize('seed', SEEDS)
def test_blur_with_the_drawn_sigma(seed):
    blur, image = GaussianBlur((0.4, 2.0)), noise()
    with seeded(seed):
        sigma = blur._draw()
    with seeded(seed):
        result = apply(blur, image)
    assert np.abs(result.astype(float) - image).max() > 10
    assert_near(result, blurred(image, sigma), levels=2)


def test_blur_draws_over_its_range():
    blur = GaussianBlur()
    with seeded(0):
        sigmas = [blur._draw() for _ in range(500)]
    assert 0.1 <= min(sigmas) < 0.12 and 1.98 < max(sigmas) <= 2.0


@pytest.mark.parametrize('sigma', [0.1, 0.5, 1.0, 2.0])
@pytest.mark.parametrize('size', SIZES)
def test_blur_leaves_a_constant_image(size, sigma):
    image = np.full((*size, 3), [3, 128, 255], np.uint8)
    np.testing.assert_array_equal(apply(GaussianBlur((sigma, sigma)), image), image)


@pytest.mark.parametrize('size', SIZES)
def test_blur_of_any_size(size):
    image = noise(size)
    assert_near(apply(GaussianBlur((1.5, 1.5)), image), blurred(image, 1.5), levels=2)


@pytest.mark.parametrize('sigma', [(0, 1), (-1, 1), (2, 1)], ids=str)
def test_blur_refuses(sigma):
    with pytest.raises(ValueError, match='GaussianBlur.sigma='):
        GaussianBlur(sigma)


# ---------------------------------------------------------------------------------------- MultiView


@pytest.mark.parametrize('views', [{}, dict(sup=[PACK]), dict(weak=[PACK], sup=[PACK])], ids=str)
def test_multi_view_refuses(views):
    with pytest.raises(ValueError, match='MultiView.views'):
        MultiView(views)


@pytest.mark.parametrize('size', SIZES)
def test_multi_view_of_any_size(size):
    image = noise(size)
    strong = [dict(type='ColorJitter'), dict(type='GaussianBlur', sigma=(1.0, 1.0)), PACK]
    views = dict(strong=strong, weak=[PACK], strong2=strong)
    pipeline = Compose([LoadEmptyAnnotations(), MultiView(views)])
    with seeded(0):
        packed = pipeline(dict(img=image.copy(), seg_fields=[]))
    # the first branch must not have changed what the next one gets
    np.testing.assert_array_equal(packed['inputs']['weak'].permute(1, 2, 0).numpy(), image)
    assert not torch.equal(packed['inputs']['strong'], packed['inputs']['strong2'])
    for name in views:
        assert packed['inputs'][name].shape == (3, *size)
        label = packed['data_samples'][name].gt_sem_seg.data
        assert label.shape == (1, *size) and not label.any()
    assert packed['data_samples']['weak'] is not packed['data_samples']['strong']


def test_two_crops_of_one_image():
    """Branches with a geometry of their own; the views of a branch stay pixel-aligned."""
    image = noise((40, 50))
    crop = dict(type='RandomCrop', crop_size=(16, 16))
    views = dict(
        first=[crop, dict(type='MultiView', views=dict(weak=[PACK], strong1=[PACK]))],
        second=[crop, dict(type='MultiView', views=dict(mix_weak=[PACK], mix_strong1=[PACK]))],
    )
    pipeline = Compose([LoadEmptyAnnotations(), MultiView(views)])
    with seeded(0):
        packed = pipeline(dict(img=image, seg_fields=[]))
    assert list(packed['inputs']) == ['weak', 'strong1', 'mix_weak', 'mix_strong1']
    assert packed['inputs'].keys() == packed['data_samples'].keys()
    same = [torch.equal(packed['inputs']['weak'], other) for other in packed['inputs'].values()]
    assert same == [True, True, False, False]
    twice = dict(a=views['first'], b=views['first'])
    with pytest.raises(ValueError, match="two views are named 'strong1'"):
        MultiView(twice).transform(dict(LoadEmptyAnnotations()(dict(img=image, seg_fields=[]))))


# ----------------------------------------------------------------------------- packing, multi-label


def test_packing_of_one_map_is_that_of_mmseg():
    results = dict(img=noise(), gt_seg_map=noise()[..., 0], img_path='a.png', flip=True)
    ours = PackSemiInputs()(dict(results))
    theirs = TRANSFORMS.build(dict(type='PackSegInputs'))(dict(results))
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert ours['data_samples'].metainfo == theirs['data_samples'].metainfo
    assert ours['data_samples'].keys() == theirs['data_samples'].keys()
    one, other = (packed['data_samples'].gt_sem_seg.data for packed in (ours, theirs))
    assert torch.equal(one, other) and one.dtype == other.dtype


def test_image_without_annotation_is_packed():
    packed = PackSemiInputs()(dict(img=noise()))  # as inference does
    assert packed['data_samples'].keys() == []


@pytest.mark.parametrize('classes', [('cell', 'nucleus'), ('nucleus',)], ids=len)
def test_multi_label_maps(cells, classes):
    # the files hold 0, 1, 128 and 255; the preprocessor pads 9 x 14 to 12 x 20
    dataset = SeededDataset(cells.cfg(classes=classes))
    samples = [dataset[i] for i in range(4)]
    for name, sample in zip(cells.names, samples, strict=True):
        label = sample['data_samples'].gt_sem_seg.data
        assert label.shape == (len(classes), 9, 14) and label.dtype == torch.int64
        np.testing.assert_array_equal(label.numpy(), cells.present(name, classes))
    batch = MultiViewDataPreProcessor(size=(12, 20))(pseudo_collate(samples), training=True)
    for name, sample in zip(cells.names, batch['data_samples'], strict=True):
        label = sample.gt_sem_seg.data.numpy()
        assert label.shape == (len(classes), 12, 20)
        np.testing.assert_array_equal(label[:, :9, :14], cells.present(name, classes))
        assert (label[:, 9:] == 255).all() and (label[:, :, 14:] == 255).all()


@pytest.mark.parametrize('value', [1, 2, 254, 255])
def test_any_value_but_zero_is_present(tmp_path, value):
    paths = {cls: str(tmp_path / f'{cls}.png') for cls in ('cell', 'nucleus')}
    mask = np.zeros((3, 5), np.uint8)
    mask[1, 2:4] = value
    cv2.imwrite(paths['cell'], mask)
    cv2.imwrite(paths['nucleus'], np.zeros_like(mask))
    load = TRANSFORMS.build(dict(type='LoadMultiLabelAnnotations'))
    results = load(dict(seg_map_path=paths, seg_fields=[]))
    assert results['seg_fields'] == ['gt_seg_map']
    np.testing.assert_array_equal(results['gt_seg_map'][..., 0], mask > 0)
    assert not results['gt_seg_map'][..., 1].any()


@pytest.mark.parametrize('count', [1, 2, 6])
def test_multi_label_maps_follow_geometry(cells, count):
    """Every class is moved as mmseg moves a single label map; count: classes, few and many."""
    geometry = [
        dict(type='RandomResize', scale=(28, 18), ratio_range=(0.5, 2.0), keep_ratio=True),
        dict(type='RandomCrop', crop_size=(8, 9)),
        dict(type='RandomFlip', prob=0.5, direction=['horizontal', 'vertical']),
    ]
    classes = [f'class{i}' for i in range(count)]
    for name in cells.names:
        for i, cls in enumerate(classes):
            path = cells.annotation(cls, name)
            path.parent.mkdir(exist_ok=True)
            mask = cv2.imread(str(cells.annotation('cell', name)), 0)
            cv2.imwrite(str(path), np.roll(mask > 0, i, axis=1).astype(np.uint8))
    together = SeededDataset(cells.cfg(geometry, classes))
    for k, cls in enumerate(classes):
        cfg = cells.cfg(geometry, [cls])
        cfg['type'] = 'BaseSegDataset'
        cfg['data_prefix']['seg_map_path'] = f'annotations/{cls}'
        cfg['seg_map_suffix'] = '.png'
        cfg['metainfo'] = dict(classes=('absent', 'present'))
        cfg['pipeline'][1] = dict(type='LoadAnnotations')
        alone = SeededDataset(cfg)
        for dataset in (together, alone):
            dataset.set_epoch(0, 0)
        for i in range(len(cells.names)):
            label = together[i]['data_samples'].gt_sem_seg.data
            assert label.shape[0] == count
            assert torch.equal(label[k], alone[i]['data_samples'].gt_sem_seg.data[0])


def test_unlabeled_images_of_a_multi_label_data_set(cells):
    cfg = cells.cfg()
    del cfg['type'], cfg['data_prefix']['seg_map_path'], cfg['pipeline']
    dataset = MultiLabelDataset(**cfg)
    assert len(dataset) == 4 and 'seg_map_path' not in dataset.get_data_info(0)


@pytest.mark.parametrize('values', [(0, 1), (0, 255), (0, 1, 7, 255)])
def test_binary_annotations(tmp_path, values):
    """Zero is background, whatever else foreground; 255 is not "ignored"."""
    mask = np.random.default_rng(0).choice(np.uint8(values), (7, 9))
    assert cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    results = dict(seg_map_path=str(tmp_path / 'mask.png'), seg_fields=[])
    found = TRANSFORMS.build(dict(type='LoadBinaryAnnotations')).transform(results)
    np.testing.assert_array_equal(found['gt_seg_map'], mask != 0)
    assert found['seg_fields'] == ['gt_seg_map'] and found['gt_seg_map'].dtype == np.uint8


def test_hidden_annotations_of_overlapping_classes_follow_the_geometry(cells):
    cfg = cells.cfg(geometry=(dict(type='RandomFlip', prob=1.0),))
    cfg['data_prefix'] = dict(img_path='images')
    hidden = dict(
        type='LoadHiddenAnnotations', img_dir=str(cells.root / 'images'),
        seg_map_dir=str(cells.root / 'annotations'), classes=cells.classes,
    )  # fmt: skip
    cfg['pipeline'][1] = hidden
    dataset = DATASETS.build(cfg)
    for i, name in enumerate(cells.names):
        sample = dataset[i]['data_samples']
        np.testing.assert_array_equal(sample.hidden_sem_seg.data, cells.present(name)[..., ::-1])
        assert 'gt_sem_seg' not in sample


def test_hidden_binary_annotations(cells):
    cfg = cells.cfg()
    cfg['data_prefix'] = dict(img_path='images')
    cfg['pipeline'][1] = dict(
        type='LoadHiddenAnnotations', img_dir=str(cells.root / 'images'),
        seg_map_dir=str(cells.root / 'annotations' / 'cell'), binary=True,
    )  # fmt: skip
    sample = DATASETS.build(cfg)[0]['data_samples']
    np.testing.assert_array_equal(sample.hidden_sem_seg.data, cells.present('a', ('cell',)))
