# SPDX-License-Identifier: Apache-2.0
"""DINOv2 vision transformers, whose official checkpoints load key for key."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...checkpoints import read_checkpoint
from ...checkpoints.comparing import tensors_of, without_prefix
from ...checkpoints.fitting import INIT, fitted
from ...errors import MissingFileError, UserError

ARCHS = {
    # width, depth, heads, SwiGLU
    's': (384, 12, 6, False),
    'b': (768, 12, 12, False),
    'l': (1024, 24, 16, False),
    'g': (1536, 40, 24, True),
}
PATCH = 14
GRID = 37
"""int: Side of the position grid of the published weights: 518 / 14."""


class Attention(nn.Module):
    """Multi-head self-attention, computed by torch's fused kernels."""

    def __init__(self, dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, dim = x.shape
        qkv = self.qkv(x).view(n, tokens, 3, self.num_heads, dim // self.num_heads)
        x = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4).unbind(0))
        return self.proj(x.transpose(1, 2).reshape(n, tokens, dim))


class MLP(nn.Module):
    """Two linear layers with GELU between."""

    def __init__(self, dim: int):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class SwiGLU(nn.Module):
    """``w3(silu(a) * b)`` with ``a, b = w12(x)``; 2/3 of an MLP's width, a multiple of 8."""

    def __init__(self, dim: int):
        super().__init__()
        width = (int(4 * dim * 2 / 3) + 7) // 8 * 8
        self.w12 = nn.Linear(dim, 2 * width)
        self.w3 = nn.Linear(width, dim)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(a) * b)


class LayerScale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """Pre-norm transformer block with LayerScale and stochastic depth."""

    def __init__(self, dim: int, num_heads: int, swiglu: bool, drop_path: float):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, num_heads)
        self.ls1 = LayerScale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = SwiGLU(dim) if swiglu else MLP(dim)
        self.ls2 = LayerScale(dim)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.drop_path(self.ls1(self.attn(self.norm1(x))))
        return x + self.drop_path(self.ls2(self.mlp(self.norm2(x))))


class PatchEmbed(nn.Module):
    """Cuts an image into patches of 14x14 pixels and embeds each."""

    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH, PATCH)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


@MODELS.register_module()
class DINOv2(BaseModule):
    """ViT-S/B/L/g with patches of 14x14 pixels.

    Source: Oquab et al., arXiv 2304.07193; registers: Darcet et al., arXiv 2309.16588. The official
    checkpoints load unchanged with ``init_cfg=dict(type='Pretrained', checkpoint=...)``;
    their ``mask_token`` is not used in a forward pass and is dropped. Every output passes the
    final norm. Position embeddings are interpolated as published: bicubic with the scale
    (grid + 0.1) / 37, or for models with registers to the size of the grid, with antialias.

    Args:
        arch (str or dict): ``'s'``, ``'b'``, ``'l'``, ``'g'``, or
            ``dict(embed_dims, depth, num_heads, swiglu=False)``.
        num_registers (int): 0, or 4 for the published models with registers.
        out_indices (Sequence[int]): Blocks, from 0, whose outputs are returned.
        output_cls_token (bool): Return ``[map, class token]`` pairs, as mmseg's ``DPTHead`` wants.
        drop_path_rate (float): Stochastic depth of the last block; earlier ones linearly less.
        frozen (bool): No gradient, and always in eval mode.
        with_cp (bool): Recompute the blocks in the backward pass, to save memory.
        init_cfg (dict, optional): See above.

    Raises:
        UserError: If an option is out of range or the checkpoint is of another size.
    """

    in_channels = 3  # of the images of its weights

    def __init__(
        self,
        arch: str | dict = 'b',
        num_registers: int = 0,
        out_indices: Sequence[int] = (2, 5, 8, 11),
        output_cls_token: bool = False,
        drop_path_rate: float = 0.0,
        frozen: bool = False,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        dim, depth, heads, swiglu = _read_arch(arch)
        if not out_indices or min(out_indices) < 0 or max(out_indices) >= depth:
            raise UserError(
                f'DINOv2.out_indices={tuple(out_indices)} must name blocks from 0 to {depth - 1}.'
            )
        self.embed_dims = dim
        self.num_registers = num_registers
        self.out_indices = tuple(out_indices)
        self.output_cls_token = output_cls_token
        self.frozen = frozen
        self.with_cp = with_cp
        self.patch_embed = PatchEmbed(dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + GRID**2, dim))
        if num_registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, num_registers, dim))
        rates = [drop_path_rate * i / max(depth - 1, 1) for i in range(depth)]
        self.blocks = nn.ModuleList(Block(dim, heads, swiglu, rate) for rate in rates)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        if frozen:
            self.requires_grad_(False)

    def init_weights(self) -> None:
        """Loads the checkpoint of ``init_cfg``; without one, draws truncated normal weights."""
        if self.init_cfg is not None:
            self._load(self.init_cfg['checkpoint'], self.init_cfg.get('prefix'))
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.cls_token, std=1e-6)

    def _load(self, path: str, prefix: str | None) -> None:
        name = f'model.backbone.init_cfg.checkpoint: {path}'
        try:
            content = read_checkpoint(path, logger='current')
        except FileNotFoundError:
            raise MissingFileError(
                f'{name} does not exist. Put the official '
                'DINOv2 checkpoint there; https://github.com/facebookresearch/dinov2 links it.'
            ) from None
        weights = tensors_of(content.weights)
        if prefix is not None:
            weights = without_prefix(weights, prefix)
        weights.pop('mask_token', None)
        own = self.state_dict()
        ours, theirs = _size(own), _size(weights)
        if ours != theirs:
            raise UserError(
                f'{name} is a network of {theirs}, and the '
                f'config describes {ours}. Change model.backbone.arch and num_registers, or the '
                'file.'
            )
        wrong = sorted(
            key for key in own.keys() | weights.keys()
            if key not in own or key not in weights or own[key].shape != weights[key].shape
        )  # fmt: skip
        if wrong:
            raise UserError(
                f'{name} is no DINOv2 checkpoint: '
                f'{len(wrong)} weights do not fit, such as {", ".join(wrong[:3])}.'
            )
        self.load_state_dict(fitted(weights, self, name, INIT))

    def position(self, grid: tuple[int, int]) -> Tensor:
        """Returns the position embedding (1, 1 + h * w, dim) of a patch grid (h, w)."""
        if grid == (GRID, GRID):
            return self.pos_embed
        cls, patches = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        patches = patches.float().view(1, GRID, GRID, -1).permute(0, 3, 1, 2)
        if self.num_registers:
            patches = F.interpolate(patches, size=grid, mode='bicubic', antialias=True)
        else:
            scale = tuple((side + 0.1) / GRID for side in grid)
            patches = F.interpolate(patches, scale_factor=scale, mode='bicubic')
        return torch.cat([cls, patches.flatten(2).transpose(1, 2).to(cls.dtype)], dim=1)

    def forward(self, x: Tensor) -> tuple:
        """Encodes a batch.

        Args:
            x (Tensor): (N, 3, H, W), sides multiples of 14.

        Returns:
            tuple: (N, dim, H / 14, W / 14) for each of ``out_indices``; with
            ``output_cls_token``, a list of this and the class token (N, dim).

        Raises:
            UserError: If a side is no multiple of 14.
        """
        n, _, height, width = x.shape
        if height % PATCH or width % PATCH:
            nearest = [max(1, round(side / PATCH)) * PATCH for side in (height, width)]
            raise UserError(
                f'DINOv2 needs sides that are multiples of {PATCH}, and the input has '
                f'{height}x{width}: crop to {nearest[0]}x{nearest[1]}, or set size_divisor={PATCH} '
                'in model.data_preprocessor (and its test_cfg, and in teachers with scaled views).'
            )
        grid = (height // PATCH, width // PATCH)
        if torch.jit.is_tracing():  # the position embedding of an exported graph has one size
            grid = (int(grid[0]), int(grid[1]))
        x = torch.cat([self.cls_token.expand(n, -1, -1), self.patch_embed(x)], dim=1)
        x = x + self.position(grid)
        if self.num_registers:
            registers = self.register_tokens.expand(n, -1, -1)
            x = torch.cat([x[:, :1], registers, x[:, 1:]], dim=1)
        outputs = []
        for i, block in enumerate(self.blocks):
            recompute = self.with_cp and x.requires_grad
            x = checkpoint(block, x, use_reentrant=False) if recompute else block(x)
            if i in self.out_indices:
                y = self.norm(x)
                maps = y[:, 1 + self.num_registers :].transpose(1, 2).reshape(n, -1, *grid)
                outputs.append([maps, y[:, 0]] if self.output_cls_token else maps)
            if i == max(self.out_indices):
                break  # what comes later has no influence
        return tuple(outputs)

    def train(self, mode: bool = True) -> 'DINOv2':
        """Stays in eval mode if it is frozen."""
        return super().train(mode and not self.frozen)


def _read_arch(arch: str | dict) -> tuple[int, int, int, bool]:
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise UserError(f'DINOv2.arch={arch!r} is none of {", ".join(ARCHS)}.')
        return ARCHS[arch]
    keys = ('embed_dims', 'depth', 'num_heads')
    if any(key not in arch for key in keys) or arch['embed_dims'] % arch['num_heads']:
        raise UserError(
            f'DINOv2.arch={arch} needs embed_dims, depth and num_heads, and embed_dims must be a '
            'multiple of num_heads.'
        )
    return (*(arch[key] for key in keys), arch.get('swiglu', False))


def _size(weights: dict[str, Tensor]) -> str:
    """Describes a state dict: width, depth, registers."""
    width = weights['cls_token'].shape[-1] if 'cls_token' in weights else 'unknown'
    blocks = {key.split('.')[1] for key in weights if key.startswith('blocks.')}
    registers = weights['register_tokens'].shape[1] if 'register_tokens' in weights else 0
    side = math.isqrt(weights['pos_embed'].shape[1] - 1) if 'pos_embed' in weights else 'unknown'
    return f'width {width}, {len(blocks)} blocks, {registers} registers, a grid of {side}'
