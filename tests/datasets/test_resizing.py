# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from mmseg_im.datasets.transforms import ResizeToPatches
from mmseg_im.errors import UserError


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
