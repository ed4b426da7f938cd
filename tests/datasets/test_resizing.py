# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmseg_im.datasets.transforms import PadToSize, ResizeToPatches
from mmseg_im.errors import UserError

pytestmark = pytest.mark.fast


@pytest.mark.parametrize('size', [(375, 500), (1, 1), (14, 21), (20, 22), (518, 7), (334, 499)])
def test_each_side_becomes_the_nearest_multiple(size):
    """Written from UniMatch V2's rule: int(x / 14 + 0.5) * 14."""
    results = ResizeToPatches(14)(dict(img=np.zeros((*size, 3), np.uint8)))
    expected = tuple(max(int(x / 14 + 0.5) * 14, 14) for x in size)
    assert results['img'].shape[:2] == results['img_shape'] == expected
    assert all(abs(a - b) <= 7 for a, b in zip(expected, size, strict=True) if b >= 7)


def test_an_impossible_patch_is_refused():
    with pytest.raises(UserError, match='patch=0'):
        ResizeToPatches(0)


@pytest.mark.parametrize('maps', [None, 2, 6])
def test_padding_reaches_image_and_every_map(maps):
    """Pseudo-labels bring a mask along, and overlapping classes a third axis."""
    shape = (5, 9) if maps is None else (5, 9, maps)
    rng = np.random.default_rng(0)
    results = dict(
        img=rng.integers(1, 255, (5, 9, 3), np.uint8),
        gt_seg_map=rng.integers(0, 2, shape, np.uint8),
        gt_inconsistency=rng.integers(0, 2, shape, np.uint8),
        hidden_seg_map=rng.integers(0, 2, shape, np.uint8),
        seg_fields=['gt_seg_map', 'gt_inconsistency', 'hidden_seg_map'],
    )
    before = {key: value.copy() for key, value in results.items() if key != 'seg_fields'}
    after = PadToSize((8, 8))(results)
    for key, fill in dict(img=0, gt_seg_map=255, gt_inconsistency=0, hidden_seg_map=255).items():
        expected = np.full((8, 9, *before[key].shape[2:]), fill)
        expected[:5] = before[key]
        np.testing.assert_array_equal(after[key], expected)
    assert after['img_shape'] == (8, 9)
