# SPDX-License-Identifier: Apache-2.0
"""DINOv2 by hand in NumPy float64, and its official checkpoint names."""

import math

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

TINY = dict(embed_dims=12, depth=3, num_heads=3)


def build(**kwargs):
    torch.manual_seed(0)
    network = MODELS.build(dict(dict(type='DINOv2', arch=TINY, out_indices=(0, 2)), **kwargs))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def cubic(t, a=-0.75):
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def antialiased(size, grid):
    """Rows of weights of a bicubic filter that widens when it shrinks (a = -0.5, as PIL)."""
    weights = np.zeros((grid, size))
    ratio = size / grid
    wide = max(ratio, 1.0)
    for i in range(grid):
        centre = (i + 0.5) * ratio
        for j in range(size):
            weights[i, j] = cubic((j + 0.5 - centre) / wide, a=-0.5)
    return weights / weights.sum(1, keepdims=True)


def offset_scaled(size, grid):
    """Rows of weights when the scale is (grid + 0.1) / size; the border is repeated."""
    weights = np.zeros((grid, size))
    for i in range(grid):
        at = (i + 0.5) / ((grid + 0.1) / size) - 0.5
        first = math.floor(at)
        for j in range(first - 1, first + 3):
            weights[i, min(max(j, 0), size - 1)] += cubic(at - j)
    return weights


def by_hand(network, image, registers):
    """The forward pass from the formulas, (dim, h, w) for each output."""
    p = {k: v.detach().double().numpy() for k, v in network.state_dict().items()}
    h, w = image.shape[1] // 14, image.shape[2] // 14
    patches = image.double().numpy().reshape(3, h, 14, w, 14).transpose(1, 3, 0, 2, 4)
    kernel = p['patch_embed.proj.weight'].reshape(12, -1)
    x = patches.reshape(h * w, -1) @ kernel.T + p['patch_embed.proj.bias']
    grid = p['pos_embed'][0, 1:].reshape(37, 37, 12)
    if (h, w) != (37, 37):
        rule = antialiased if registers else offset_scaled
        grid = np.einsum('ia,jb,abc->ijc', rule(37, h), rule(37, w), grid)
    x = x + grid.reshape(-1, 12)
    first = [p['cls_token'][0] + p['pos_embed'][0, :1]]
    if registers:
        first.append(p['register_tokens'][0])
    x = np.concatenate([*first, x])

    def norm(x, name):
        mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
        return (x - mean) / np.sqrt(var + 1e-6) * p[f'{name}.weight'] + p[f'{name}.bias']

    def linear(x, name):
        return x @ p[f'{name}.weight'].T + p[f'{name}.bias']

    outputs = []
    for i in range(3):
        b = f'blocks.{i}'
        y = norm(x, f'{b}.norm1')
        q, k, v = np.split(linear(y, f'{b}.attn.qkv'), 3, axis=1)
        heads = []
        for j in range(3):
            part = slice(4 * j, 4 * j + 4)
            score = q[:, part] @ k[:, part].T / 2.0
            share = np.exp(score - score.max(1, keepdims=True))
            heads.append(share / share.sum(1, keepdims=True) @ v[:, part])
        y = linear(np.concatenate(heads, axis=1), f'{b}.attn.proj')
        x = x + p[f'{b}.ls1.gamma'] * y
        y = norm(x, f'{b}.norm2')
        if f'{b}.mlp.w12.weight' in p:
            one, two = np.split(linear(y, f'{b}.mlp.w12'), 2, axis=1)
            y = linear(one / (1 + np.exp(-one)) * two, f'{b}.mlp.w3')
        else:
            y = linear(y, f'{b}.mlp.fc1')
            y = y * 0.5 * (1 + np.vectorize(math.erf)(y / math.sqrt(2)))
            y = linear(y, f'{b}.mlp.fc2')
        x = x + p[f'{b}.ls2.gamma'] * y
        if i in network.out_indices:
            y = norm(x, 'norm')
            outputs.append((y[1 + registers :].T.reshape(12, h, w), y[0]))
    return outputs


@pytest.mark.parametrize('registers', [0, 4])
@pytest.mark.parametrize('size', [(42, 70), (14, 14), (560, 14)], ids=str)
@pytest.mark.parametrize('swiglu', [False, True])
def test_forward_by_hand(size, registers, swiglu):
    network = build(
        arch=dict(TINY, swiglu=swiglu), num_registers=registers, output_cls_token=True
    ).eval()
    image = torch.randn(2, 3, *size)
    with torch.no_grad():
        found = network(image)
    for n in range(2):
        for (maps, cls), (expected, expected_cls) in zip(
            found, by_hand(network, image[n], registers), strict=True
        ):
            np.testing.assert_allclose(maps[n].numpy(), expected, atol=2e-4)
            np.testing.assert_allclose(cls[n].numpy(), expected_cls, atol=2e-4)


def test_position_of_the_pretraining_size_is_untouched():
    network = build()
    assert network.position((37, 37)) is network.pos_embed


@pytest.mark.parametrize(
    ('arch', 'millions'), [('s', 22.06), ('b', 86.58), ('l', 304.37), ('g', 1136.48)]
)
def test_published_sizes(arch, millions):
    with torch.device('meta'):
        network = MODELS.build(dict(type='DINOv2', arch=arch))
    count = sum(p.numel() for p in network.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.01)


def official(depth=3, dim=12, registers=0):
    """A checkpoint with the names of the official ones."""
    rng = torch.Generator().manual_seed(1)
    shapes = dict(
        cls_token=(1, 1, dim), pos_embed=(1, 1 + 37 * 37, dim), mask_token=(1, dim)
    )  # fmt: skip
    if registers:
        shapes['register_tokens'] = (1, registers, dim)
    shapes['patch_embed.proj.weight'] = (dim, 3, 14, 14)
    shapes['patch_embed.proj.bias'] = (dim,)
    for i in range(depth):
        for name, shape in {
            'norm1': (dim,), 'attn.qkv': (3 * dim, dim), 'attn.proj': (dim, dim), 'norm2': (dim,),
            'mlp.fc1': (4 * dim, dim), 'mlp.fc2': (dim, 4 * dim),
        }.items():  # fmt: skip
            shapes[f'blocks.{i}.{name}.weight'] = shape
            shapes[f'blocks.{i}.{name}.bias'] = shape[:1]
        for name in ('ls1', 'ls2'):
            shapes[f'blocks.{i}.{name}.gamma'] = (dim,)
    shapes['norm.weight'] = shapes['norm.bias'] = (dim,)
    return {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}


@pytest.mark.parametrize('registers', [0, 4])
def test_official_checkpoint_loads_key_for_key(tmp_path, registers):
    weights = official(registers=registers)
    path = tmp_path / 'dinov2.pth'
    torch.save(weights, path)
    network = build(num_registers=registers, init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    network.init_weights()
    state = network.state_dict()
    assert set(state) == set(weights) - {'mask_token'}
    assert all(torch.equal(state[key], weights[key]) for key in state)


@pytest.mark.parametrize(
    ('other', 'match'),
    [
        (dict(dim=24), 'of width 24, 3 blocks, .*the config describes width 12, 3 blocks'),
        (dict(depth=4), 'of width 12, 4 blocks, .*describes width 12, 3 blocks'),
        (dict(registers=4), '4 registers.*describes .*0 registers'),
    ],
)
def test_checkpoint_of_another_size(tmp_path, other, match):
    path = tmp_path / 'dinov2.pth'
    torch.save(official(**other), path)
    network = build(init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    with pytest.raises(ValueError, match=match):
        network.init_weights()


def test_a_file_that_is_something_else(tmp_path):
    path = tmp_path / 'other.pth'
    weights = official()
    weights['extra'] = weights.pop('norm.weight')
    torch.save(weights, path)
    network = build(init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    with pytest.raises(ValueError, match='2 weights do not fit, such as extra, norm.weight'):
        network.init_weights()
    network.init_cfg['checkpoint'] = str(tmp_path / 'missing.pth')
    with pytest.raises(FileNotFoundError, match='missing.pth does not exist'):
        network.init_weights()


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(arch='m'), "arch='m' is none of s, b, l, g"),
        (dict(arch=dict(embed_dims=10, depth=1, num_heads=3)), 'must be a multiple of num_heads'),
        (dict(out_indices=(3,)), r'out_indices=\(3,\) must name blocks from 0 to 2'),
    ],
)
def test_impossible_options(options, match):
    with pytest.raises(ValueError, match=match):
        build(**options)


def test_a_size_that_is_no_multiple():
    with pytest.raises(ValueError, match='multiples of 14, and the input has 28x40: crop to 28x42'):
        build()(torch.randn(1, 3, 28, 40))


def test_recomputing_changes_no_gradient():
    image = torch.randn(1, 3, 28, 28)
    gradients = []
    for with_cp in (False, True):
        network = build(with_cp=with_cp).train()
        sum(out.square().mean() for out in network(image)).backward()
        gradients.append([p.grad for p in network.parameters()])
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two)


def test_frozen():
    network = build(frozen=True, drop_path_rate=0.9).train()
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    image = torch.randn(1, 3, 28, 28)
    assert torch.equal(network(image)[1], network(image)[1])


def test_drop_path_drops():
    network = build(drop_path_rate=0.9).train()
    image = torch.randn(4, 3, 28, 28)
    assert not torch.equal(network(image)[1], network(image)[1])
