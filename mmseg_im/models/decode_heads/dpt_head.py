# SPDX-License-Identifier: Apache-2.0
"""The DPT decoder in the form of UniMatch V2."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError


class ResidualUnit(nn.Module):
    """``x + conv(relu(conv(relu(x))))``, 3x3 with bias."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class Fusion(nn.Module):
    """Adds a finer map to a coarser one and resizes the sum to an explicit size."""

    def __init__(self, channels: int, has_coarser: bool):
        super().__init__()
        # the coarsest level has nothing to add to, and no unit that would never get a gradient
        self.skip_unit = ResidualUnit(channels) if has_coarser else None
        self.unit = ResidualUnit(channels)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, skip: Tensor, coarser: Tensor | None, size: tuple[int, int]) -> Tensor:
        x = skip
        if self.skip_unit is not None and coarser is not None:
            x = coarser + self.skip_unit(skip)
        x = F.interpolate(self.unit(x), size=size, mode='bilinear', align_corners=True)
        return self.project(x)


@MODELS.register_module()
class UniMatchDPTHead(BaseDecodeHead):
    """Fuses four maps of one size, from a vision transformer, into logits.

    Source: Ranftl et al., arXiv 2103.13413, as UniMatch V2 (arXiv 2410.10777) uses it: maps of
    4, 2, 1 and 1/2 times the patch grid, fused from coarse to fine without batch norm, each
    resized to the exact size of the next (mmseg's ``DPTHead`` doubles sizes, which is off by one
    for an odd patch grid). Logits have 8 times the side of the patch grid.

    Args:
        in_channels (Sequence[int]): Of the four maps, all of one size.
        level_channels (Sequence[int]): Of the four levels; published: 48, 96, 192, 384 for
            DINOv2-S, 96 to 768 for B, 256, 512, 1024, 1024 for L, four times 1536 for g.
        channels (int): Of the fusion; published: 64, 128, 256, 384.
        init_cfg (dict, optional): Default: PyTorch's own initialisation, as published.
        **kwargs: Of ``BaseDecodeHead``.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        level_channels: Sequence[int],
        channels: int,
        in_index: Sequence[int] = (0, 1, 2, 3),
        align_corners: bool = True,
        dropout_ratio: float = 0.0,
        init_cfg: dict | None = None,
        **kwargs,
    ):
        if not len(in_channels) == len(level_channels) == len(in_index) == 4:
            raise UserError(
                'UniMatchDPTHead fuses four maps: in_channels, level_channels and in_index need '
                'four numbers each.'
            )
        super().__init__(
            in_channels=list(in_channels),
            channels=channels,
            in_index=list(in_index),
            input_transform='multiple_select',
            align_corners=align_corners,
            dropout_ratio=dropout_ratio,
            init_cfg=init_cfg,
            **kwargs,
        )
        self.project = nn.ModuleList(
            nn.Conv2d(a, b, 1) for a, b in zip(in_channels, level_channels, strict=True)
        )
        c1, c2, _, c4 = level_channels
        self.resize = nn.ModuleList(
            [
                nn.ConvTranspose2d(c1, c1, 4, stride=4),
                nn.ConvTranspose2d(c2, c2, 2, stride=2),
                nn.Identity(),
                nn.Conv2d(c4, c4, 3, stride=2, padding=1),
            ]
        )
        self.level = nn.ModuleList(
            nn.Conv2d(c, channels, 3, padding=1, bias=False) for c in level_channels
        )
        self.fusion = nn.ModuleList(Fusion(channels, has_coarser=i < 3) for i in range(4))
        self.output = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Fuses four maps (N, C, h, w) into logits (N, num_classes, 8 h, 8 w)."""
        levels = [
            level(resize(project(x)))
            for x, project, resize, level in zip(
                self._transform_inputs(inputs), self.project, self.resize, self.level, strict=True
            )
        ]
        height, width = levels[0].shape[2:]
        sizes = [(2 * height, 2 * width), *(tuple(x.shape[2:]) for x in levels[:3])]
        x = None
        for level, fusion, size in reversed(list(zip(levels, self.fusion, sizes, strict=True))):
            x = fusion(level, x, size)
        return self.cls_seg(F.relu(self.output(x)))
