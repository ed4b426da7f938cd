# SPDX-License-Identifier: Apache-2.0
"""Written masks in a pipeline: erosion, dilation, what is blocked, and when."""

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmseg.registry import TRANSFORMS

from mmseg_im.inconsistency.mask import InconsistencyMask, Votes

pytestmark = pytest.mark.fast


def build(**cfg):
    return TRANSFORMS.build(cfg)


@pytest.fixture
def stored(tmp_path):
    """Stores masks (M, H, W) and returns what a pipeline has loaded beside them."""

    def store(label: np.ndarray, mask: np.ndarray) -> dict:
        paths = {}
        for i, one in enumerate(mask):
            paths[str(i)] = str(tmp_path / f'{i}.png')
            assert cv2.imwrite(paths[str(i)], 255 * one.astype(np.uint8))
        maps = label.transpose(1, 2, 0) if len(label) > 1 else label[0]
        return dict(
            img=np.full((*label.shape[1:], 3), 100, np.uint8), gt_seg_map=maps,
            seg_fields=['gt_seg_map'],
            inconsistency_path=paths if len(mask) > 1 else paths['0'],
        )  # fmt: skip

    return store


def random_case(maps: int, seed: int = 0, size=(17, 23)):
    """Labels of two voters, as a writer stores them: (mean label, agreed label, mask)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 4 if maps == 1 else 2, (maps, *(-(-s // 4) for s in size)))
    first = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, : size[0], : size[1]].astype(np.uint8)
    second = np.where(rng.random(first.shape) < 0.1, rng.integers(0, 2, first.shape), first)
    return first, second.astype(np.uint8), first != second


@pytest.mark.parametrize('maps', [1, 2])
@pytest.mark.parametrize(('erode', 'dilate'), [(0, 0), (3, 0), (0, 5), (3, 4), (2, 3)])
def test_equals_the_online_mask(stored, maps, erode, dilate):
    """The same label and mask as InconsistencyMask gives for the votes of the same teachers."""
    first, second, mask = random_case(maps)
    results = stored(first, mask)
    pipeline = Compose(
        [
            dict(type='LoadInconsistencyMask', erode=erode, dilate=dilate),
            dict(type='FilterInconsistentPixels'),
        ]
    )
    found = pipeline(results)
    votes = Votes()
    for hard in (first, second):
        votes.add(torch.from_numpy(hard)[None])
    im = InconsistencyMask(erode=erode, dilate=dilate)
    valid = torch.ones(1, 1, *first.shape[1:], dtype=torch.bool)
    consensus = im(votes, valid, torch.from_numpy(first)[None])
    np.testing.assert_array_equal(found['gt_inconsistency'], consensus.inconsistent[0, 0])
    expected = consensus.label[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(found['gt_seg_map'], expected[..., 0] if maps == 1 else expected)
    painted = (found['img'] == 0).all(axis=2)
    np.testing.assert_array_equal(painted, consensus.inconsistent[0, 0])
    assert mask.any() and not mask.all()


def test_a_mask_for_each_class(stored):
    label, _, mask = random_case(2)
    results = build(type='LoadInconsistencyMask', scope='channel')(stored(label, mask))
    found = build(type='FilterInconsistentPixels')(results)
    for i in range(2):
        expected = np.where(mask[i], 255, label[i])
        np.testing.assert_array_equal(found['gt_seg_map'][..., i], expected)
    # the others still carry a loss, and their evidence must stay visible
    np.testing.assert_array_equal((found['img'] == 0).all(axis=2), mask.all(axis=0))


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_empty_and_full_masks(stored, share):
    label = np.ones((1, 5, 3), np.uint8)
    mask = np.full(label.shape, bool(share))
    load = build(type='LoadInconsistencyMask', erode=3, dilate=3)
    found = build(type='FilterInconsistentPixels')(load(stored(label, mask)))
    assert (found['gt_seg_map'] == (255 if share else 1)).all()
    assert (found['img'] == (0 if share else 100)).all()


def test_options(stored):
    label, _, mask = random_case(1)
    loaded = build(type='LoadInconsistencyMask')(stored(label, mask))

    def run(**options):
        copied = dict(loaded, gt_seg_map=loaded['gt_seg_map'].copy())
        return build(type='FilterInconsistentPixels', **options)(copied)

    background = run(masked_label='background', fill=(10, 20, 30))
    np.testing.assert_array_equal(background['gt_seg_map'], np.where(mask[0], 0, label[0]))
    assert (background['img'][mask[0]] == (30, 20, 10)).all()  # images are B, G, R
    free = run(block_label=False, block_input=False)
    np.testing.assert_array_equal(free['gt_seg_map'], label[0])
    assert (free['img'] == 100).all()


@pytest.mark.parametrize(
    ('shape', 'dtype', 'fill', 'expected'),
    [
        ((6, 7, 4), np.uint8, (1, 2, 3, 4), [1, 2, 3, 4]),  # in the order of the channels
        ((6, 7, 2), np.uint16, 1000, [1000, 1000]),
        ((6, 7, 3), np.float32, (0.5, 0.25, 300), [300, 0.25, 0.5]),
        ((6, 7), np.uint8, 9, 9),
    ],
)
def test_images_of_any_kind_are_painted(shape, dtype, fill, expected):
    mask = np.zeros((6, 7), np.uint8)
    mask[1:3, 2:5] = 1
    results = dict(img=np.full(shape, 77, dtype), gt_seg_map=np.ones((6, 7), np.uint8))
    results['gt_inconsistency'] = mask
    image = build(type='FilterInconsistentPixels', fill=fill)(results)['img']
    assert image.shape == shape and image.dtype == dtype
    assert (image[mask == 1] == np.array(expected, dtype)).all() and (image[mask == 0] == 77).all()


@pytest.mark.parametrize('fill', [300, (1, 2, 3)])
def test_paint_that_is_no_colour_of_the_image_is_refused(fill):
    results = dict(img=np.zeros((2, 2, 4), np.uint8), gt_seg_map=np.ones((2, 2), np.uint8))
    results['gt_inconsistency'] = np.ones((2, 2), np.uint8)
    with pytest.raises(ValueError, match='no colour of images of 4 channels of uint8'):
        build(type='FilterInconsistentPixels', fill=fill)(results)


def test_padding_stays_ignored(stored):
    label, _, mask = random_case(1)
    results = build(type='LoadInconsistencyMask')(stored(label, mask))
    for key in ('gt_seg_map', 'gt_inconsistency'):
        results[key] = np.pad(results[key], ((0, 4), (0, 4)), constant_values=255)
    results['img'] = np.pad(results['img'], ((0, 4), (0, 4), (0, 0)), constant_values=7)
    found = build(type='FilterInconsistentPixels', masked_label='background')(results)
    assert (found['gt_seg_map'][-4:] == 255).all() and (found['img'][-4:] == 7).all()


def test_labeled_images_pass_unchanged():
    results = dict(img=np.ones((4, 4, 3), np.uint8), gt_seg_map=np.ones((4, 4), np.uint8))
    found = build(type='FilterInconsistentPixels')(dict(results))
    assert found == results


@pytest.mark.parametrize('order', ['after noise', 'before noise'])
def test_both_orders_of_paint_and_noise(stored, order):
    """Last, the paint is black; before the noise, as in the original study, it is not."""
    label, _, mask = random_case(1)
    noise = dict(type='NoisyStudentDistortion', contrast=0.0, brightness=0, blur=0, noise=20)
    paint = dict(type='FilterInconsistentPixels')
    steps = [noise, paint] if order == 'after noise' else [paint, noise]
    found = Compose([dict(type='LoadInconsistencyMask'), *steps])(stored(label, mask))
    assert (found['img'][mask[0]] == 0).all() == (order == 'after noise')


@pytest.mark.parametrize(
    ('cfg', 'match'),
    [
        (dict(type='LoadInconsistencyMask', erode=-1), 'erode=-1'),
        (dict(type='LoadInconsistencyMask', scope='pixel'), "scope='pixel'"),
        (dict(type='FilterInconsistentPixels', masked_label='0'), "masked_label='0'"),
        (dict(type='FilterInconsistentPixels', fill='mean'), "fill='mean' is unknown here"),
        (dict(type='NoisyStudentDistortion', contrast=2), 'contrast must lie in'),
        (dict(type='NoisyStudentDistortion', blur=4), 'blur 0 to 3'),
    ],
)
def test_options_are_checked(cfg, match):
    with pytest.raises(ValueError, match=match):
        build(**cfg)


def test_noise_has_the_ranges_of_the_paper():
    transform = build(type='NoisyStudentDistortion', contrast=0.0, brightness=0, blur=0, noise=10)
    np.random.seed(0)
    image = np.full((200, 200, 3), 128, np.uint8)
    noise = transform(dict(img=image.copy()))['img'].astype(int) - 128
    assert (noise.min(), noise.max()) == (-10, 9)
    assert abs(noise.mean() + 0.5) < 0.1
    for channel in range(3):  # drawn for each channel
        assert (noise[..., channel] != noise[..., (channel + 1) % 3]).mean() > 0.9


def test_contrast_and_brightness_are_linear_half_of_the_time():
    transform = build(type='NoisyStudentDistortion', contrast=0.4, brightness=15, blur=0, noise=0)
    np.random.seed(0)
    ramp = np.arange(60, 180, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    slopes = []
    for _ in range(300):
        out = transform(dict(img=ramp.copy()))['img'][0, :, 0].astype(float)
        slope, offset = np.polyfit(np.arange(60, 180), out, 1)
        slopes.append(slope)
        assert 0.59 < slope < 1.41
        assert abs(slope * 0 + offset) < 15.6 or abs(slope - 1) > 1e-9
    unchanged = np.mean(np.isclose(slopes, 1.0))
    assert 0.4 < unchanged < 0.6


def test_no_noise_at_all_changes_nothing():
    transform = build(type='NoisyStudentDistortion', contrast=0, brightness=0, blur=0, noise=0)
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    np.testing.assert_array_equal(transform(dict(img=image.copy()))['img'], image)
