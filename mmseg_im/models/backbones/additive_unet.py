# SPDX-License-Identifier: Apache-2.0
"""The small U-Net with additive skips of the Inconsistency Masks study."""

from itertools import pairwise

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError

LEVELS = (16, 32, 64, 128)
BOTTLENECK = 256


class ConvReLU(nn.Sequential):
    """Convolution with bias and 'same' padding, then ReLU; batch norm comes after both."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2), nn.ReLU()
        )


def norm(channels: int) -> nn.BatchNorm2d:
    """Returns batch norm with the values of Keras: eps 1e-3, and 1 % of each batch."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def block(in_channels: int, width: int, out_channels: int) -> nn.Sequential:
    """Returns a 3x3 convolution to ``width``, a 1x1 to ``out_channels``, and batch norm."""
    return nn.Sequential(
        ConvReLU(in_channels, width, 3), ConvReLU(width, out_channels, 1), norm(out_channels)
    )


@MODELS.register_module()
class AdditiveUNet(BaseModule):
    """U-Net of four levels whose skips are added, 0.17 (alpha 0.5) to 2.72 (2) million weights.

    Source: Vorndran and Roeck, arXiv 2401.14387, in its first versions (trained from scratch).
    Widths are ``int(k * alpha)`` for k = 16, 32, 64, 128, and 256 at the bottom. On the way up:
    nearest upsampling, plus the skip, a 1x1 convolution and batch norm, a 3x3, a 1x1 and batch
    norm. The logits are one 1x1 convolution on the last map:
    ``dict(type='FCNHead', num_convs=0, concat_input=False, dropout_ratio=0, ...)``.

    Args:
        alpha (float): Width; the study grows it with the generation.
        in_channels (int): Of the image.
        init_cfg (dict, optional): Default: Kaiming normal ("he_normal"), as published.

    Raises:
        UserError: If a level would have no channel.
    """

    def __init__(self, alpha: float = 1.0, in_channels: int = 3, init_cfg: dict | None = None):
        super().__init__(
            init_cfg
            or dict(type='Kaiming', layer='Conv2d', mode='fan_in', distribution='normal', bias=0)
        )
        widths = [int(k * alpha) for k in (*LEVELS, BOTTLENECK)]
        if widths[0] < 1:
            raise UserError(f'AdditiveUNet.alpha={alpha} leaves no channel; 1/16 is the least.')
        *levels, bottom = widths
        self.out_channels = levels[0]
        self.stem = nn.Sequential(ConvReLU(in_channels, levels[0], 1), norm(levels[0]))
        below = [levels[0], *levels]
        self.down = nn.ModuleList(block(a, b, b) for a, b in pairwise(below))
        self.bottom = block(levels[-1], bottom, levels[-1])
        self.up = nn.ModuleList(
            nn.Sequential(ConvReLU(width, width, 1), norm(width), *block(width, width, after))
            for width, after in zip(levels[::-1], below[-2::-1], strict=True)
        )

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Maps an image (N, 3, H, W), sides multiples of 16, to features (N, 16 alpha, H, W).

        Raises:
            UserError: If a side is no multiple of 16.
        """
        if x.shape[2] % 16 or x.shape[3] % 16:
            raise UserError(
                f'AdditiveUNet halves its input four times, and {x.shape[2]} x {x.shape[3]} is no '
                'multiple of 16. Crop or resize to one, or set model.data_preprocessor.test_cfg='
                'dict(size_divisor=16).'
            )
        x = self.stem(x)
        skips = []
        for level in self.down:
            x = level(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottom(x)
        for level in self.up:
            x = level(F.interpolate(x, scale_factor=2, mode='nearest') + skips.pop())
        return (x,)
