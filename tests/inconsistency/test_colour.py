# SPDX-License-Identifier: Apache-2.0
"""The paint of masked pixels has the channels and the depth of the images."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from mmseg_im.inconsistency.mask import InconsistencyMask, paint
from tests.conftest import tiny_model

pytestmark = pytest.mark.fast


def test_paint_and_its_colour():
    image = torch.rand(2, 3, 4, 5)
    mask = torch.rand(2, 1, 4, 5) > 0.5
    mean, std = torch.tensor([120.0, 110.0, 100.0]), torch.tensor([60.0, 55.0, 50.0])
    expected = {0: [-2.0, -2.0, -2.0], 'mean': [0.0] * 3, (60, 165, 100): [-1.0, 1.0, 0.0]}
    for fill, colour in expected.items():
        painted = paint(image, mask, InconsistencyMask(fill=fill).fill_colour(mean, std))
        by_hand = np.where(
            mask.numpy(), np.array(colour).reshape(1, 3, 1, 1), image.numpy().astype(np.float64)
        )
        np.testing.assert_allclose(painted.numpy(), by_hand, atol=1e-6)
    off = InconsistencyMask(block_input=False).paint_view(image, mask)
    assert torch.equal(off, image)


def test_paint_has_as_many_channels_as_the_images():
    image, mask = torch.rand(2, 4, 3, 5), torch.rand(2, 1, 3, 5) > 0.5
    mean, std = torch.tensor([9.0, 8.0, 7.0, 300.0]), torch.full((4,), 2.0)
    for fill, raw in {0: [0.0] * 4, 'mean': mean.tolist(), (1, 2, 3, 4): [1, 2, 3, 4]}.items():
        painted = paint(image, mask, InconsistencyMask(fill=fill).fill_colour(mean, std))
        colour = (np.array(raw) - mean.numpy()) / 2
        expected = np.where(mask.numpy(), colour.reshape(1, 4, 1, 1), image.numpy())
        np.testing.assert_allclose(painted.numpy(), expected, atol=1e-6)
    assert InconsistencyMask(fill=2000).fill_colour(mean, std)[0] == (2000 - 9) / 2  # 16 bits
    with pytest.raises(ValueError, match=r'fill=\[1, 2, 3\] has 3 values, and images have 4 chan'):
        InconsistencyMask(fill=(1, 2, 3)).fill_colour(mean, std)
    with pytest.raises(ValueError, match='fill=256 must lie in 0..255'):
        InconsistencyMask(fill=256).fill_colour(mean[:3], std[:3])


@pytest.mark.parametrize('fill', [(1, 2, 3), (1, 2)])
def test_wrong_channels_of_the_paint_end_the_building_of_a_model(fill):
    semi = dict(
        type='FixMatch', im=dict(type='InconsistencyMask', fill=fill),
        teachers=[dict(type='EMATeacher', views=['identity', 'hflip'])],
    )  # fmt: skip
    normalisation = dict(mean=[1.0] * 4, std=[1.0] * 4)
    preprocessor = dict(type='MultiViewDataPreProcessor', size=(32, 32), **normalisation)
    with pytest.raises(ValueError, match=f'has {len(fill)} values, and images have 4 channels'):
        cfg = dict(tiny_model(semi), data_preprocessor=preprocessor)
        cfg['backbone']['in_channels'] = 4
        MODELS.build(cfg)
