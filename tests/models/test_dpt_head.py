# SPDX-License-Identifier: Apache-2.0
"""Sizes and arithmetic of UniMatch V2's decoder."""

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

pytestmark = pytest.mark.fast


def build(channels=4, width=6):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='UniMatchDPTHead',
            in_channels=[width] * 4,
            level_channels=[3, 4, 5, 6],
            channels=channels,
            num_classes=5,
        )
    )


@pytest.mark.parametrize('grid', [(57, 57), (37, 37), (5, 7), (1, 1), (2, 3)], ids=str)
def test_sizes(grid):
    """Published for 798 pixels: levels 228, 114, 57, 29, fusions 57, 114, 228, 456."""
    head = build().eval()
    sizes = []
    for fusion in head.fusion:
        fusion.register_forward_hook(lambda m, i, out: sizes.append(tuple(out.shape[2:])))
    maps = [torch.randn(2, 6, *grid) for _ in range(4)]
    logits = head(maps)
    h, w = grid
    assert sizes == [(h, w), (2 * h, 2 * w), (4 * h, 4 * w), (8 * h, 8 * w)]
    assert logits.shape == (2, 5, 8 * h, 8 * w)


def test_arithmetic():
    """The same from functions, level by level."""
    head = build().eval()
    p = dict(head.named_parameters())
    maps = [torch.randn(1, 6, 5, 3) for _ in range(4)]

    def conv(x, name, **kwargs):
        return F.conv2d(x, p[f'{name}.weight'], p.get(f'{name}.bias'), **kwargs)

    def unit(x, name):
        y = conv(x.relu(), f'{name}.conv1', padding=1).relu()
        return x + conv(y, f'{name}.conv2', padding=1)

    levels = []
    for i, x in enumerate(maps):
        x = conv(x, f'project.{i}')
        if i < 2:
            stride = (4, 2)[i]
            weight, bias = p[f'resize.{i}.weight'], p[f'resize.{i}.bias']
            x = F.conv_transpose2d(x, weight, bias, stride=stride)
        elif i == 3:
            x = conv(x, 'resize.3', stride=2, padding=1)
        levels.append(conv(x, f'level.{i}', padding=1))
    assert levels[3].shape[2:] == (3, 2)
    x = None
    for i in (3, 2, 1, 0):
        z = levels[i] if x is None else x + unit(levels[i], f'fusion.{i}.skip_unit')
        size = levels[i - 1].shape[2:] if i else (40, 24)
        z = F.interpolate(unit(z, f'fusion.{i}.unit'), size, mode='bilinear', align_corners=True)
        x = conv(z, f'fusion.{i}.project')
    expected = conv(conv(x, 'output', padding=1).relu(), 'conv_seg')
    torch.testing.assert_close(head(maps), expected)


def test_every_parameter_gets_a_gradient():
    head = build()
    head([torch.randn(1, 6, 3, 3) for _ in range(4)]).square().sum().backward()
    assert all(p.grad is not None for p in head.parameters())


def test_published_size_of_the_base_decoder():
    """10.9 million parameters for B with 19 classes, less the unused residual unit."""
    head = MODELS.build(
        dict(type='UniMatchDPTHead', in_channels=[768] * 4, level_channels=[96, 192, 384, 768],
             channels=128, num_classes=19)
    )  # fmt: skip
    unused = 2 * (128 * 128 * 9 + 128)
    count = sum(p.numel() for p in head.parameters()) + unused
    assert count / 1e6 == pytest.approx(10.9, abs=0.05)


def test_four_maps():
    with pytest.raises(ValueError, match='needs?\\s*four numbers each'):
        MODELS.build(
            dict(type='UniMatchDPTHead', in_channels=[6] * 3, level_channels=[1] * 4, channels=4,
                 num_classes=2)
        )  # fmt: skip
