# SPDX-License-Identifier: Apache-2.0
"""Normalisation and backbone are for images of one number of channels, or refused when built."""

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_im.models.segmentors.channels import image_channels
from tests.conftest import tiny_model

KEY = 'model.data_preprocessor'
NUMBERS = [3.0, 5.0, 7.0, 9.0]


def preprocessor(means: int | None, stds: int | None) -> dict:
    cfg = dict(type='MultiViewDataPreProcessor')
    for name, count in (('mean', means), ('std', stds)):
        if count is not None:
            cfg[name] = NUMBERS[:count]
    return cfg


@pytest.mark.parametrize(
    ('means', 'stds', 'said'),
    [
        (4, 3, f'{KEY}.mean has 4 values and {KEY}.std 3: give each channel'),
        (3, 4, f'{KEY}.mean has 3 values and {KEY}.std 4: give each channel'),
        (0, 3, f'{KEY}.mean has 0 values and {KEY}.std 3'),
        (3, None, f'{KEY}.mean is given and {KEY}.std is not: give both or none'),
        (None, 3, f'{KEY}.std is given and {KEY}.mean is not: give both or none'),
    ],
)
def test_mean_and_std_of_other_lengths(means, stds, said):
    with pytest.raises(ValueError, match=said):
        MODELS.build(preprocessor(means, stds))


@pytest.mark.parametrize(('means', 'stds'), [(1, 1), (1, 4), (4, 1), (4, 4)])
def test_one_value_is_for_all_channels(means, stds):
    image = torch.full((4, 2, 2), 100.0)
    found = MODELS.build(preprocessor(means, stds))(dict(inputs=[image]))['inputs'][0, :, 0, 0]
    mean, std = (torch.tensor(NUMBERS[:count]).expand(4) for count in (means, stds))
    torch.testing.assert_close(found, (100 - mean) / std)


@pytest.mark.parametrize(
    ('channels', 'means', 'wrong'),
    [(4, 3, True), (3, 4, True), (1, 3, True), (4, 4, False), (4, 1, False), (6, None, False)],
)
def test_backbone_and_normalisation(channels, means, wrong):
    cfg = dict(tiny_model(), data_preprocessor=preprocessor(means, means))
    cfg['backbone']['in_channels'] = channels
    if wrong:
        said = rf'{KEY}.mean has {means} values, and model.backbone \(UNet\) takes images of '
        with pytest.raises(ValueError, match=f'{said}{channels} channels'):
            MODELS.build(cfg)
    else:
        assert MODELS.build(cfg)


@pytest.mark.parametrize(
    ('cfg', 'channels'),
    [
        (dict(type='ResNetV1c', depth=18), 3),
        (dict(type='ResNetV1c', depth=18, in_channels=6), 6),
        (dict(type='EfficientNetLite'), 3),
        (dict(type='MobileNetV2'), None),
    ],
)
def test_channels_of_a_backbone(cfg, channels):
    assert image_channels(MODELS.build(cfg), cfg) == channels
