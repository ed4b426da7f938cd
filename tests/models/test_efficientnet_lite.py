# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite against its official weights, photographs and a computation of its own."""

import copy
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_im.models.backbones.efficientnet_packages import official_names, weights_file

ARCHS = ('lite0', 'lite1', 'lite2')
# as published: repeats, kernel, stride, expansion, channels; then the factors of width and depth
STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
)  # fmt: skip
FACTORS = dict(lite0=(1.0, 1.0), lite1=(1.0, 1.1), lite2=(1.1, 1.2))
PHOTOGRAPHS = {
    # classes of ImageNet that name them rightly
    'coffee.png': {967: 'espresso'},
    'camera.png': {872: 'tripod'},
    'chelsea.png': {281: 'tabby cat', 282: 'tiger cat', 285: 'Egyptian cat'},
    'motorcycle_right.png': {665: 'moped', 670: 'motor scooter'},
}


def build(arch='lite0', pretrained=False, **kwargs):
    init_cfg = dict(type='Pretrained', checkpoint=f'efficientnet-{arch}') if pretrained else None
    network = MODELS.build(dict(type='EfficientNetLite', arch=arch, init_cfg=init_cfg, **kwargs))
    network.init_weights()
    return network


def official(arch):
    """The state dict of the package, read without the code of this project."""
    return torch.load(weights_file(f'efficientnet-{arch}'), weights_only=True)


@pytest.mark.parametrize('arch', ARCHS)
def test_official_weights_load_strictly(arch):
    state = build(arch, pretrained=True).state_dict()
    found = {k for k in official(arch) if not k.startswith(('_conv_head', '_bn1', '_fc'))}
    expected = official_names({k: v for k, v in official(arch).items() if k in found})
    assert len(expected) == len(found) and set(state) == set(expected)
    assert all(torch.equal(state[key], expected[key]) for key in state)


@pytest.mark.parametrize(('arch', 'millions'), [('lite0', 2.96), ('lite1', 3.72), ('lite2', 4.36)])
def test_size(arch, millions):
    count = sum(p.numel() for p in build(arch).parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.01)


def photograph(name, size=224):
    """The middle of an image, (1, 3, size, size), cut and normalised as published."""
    image = cv2.imread(str(Path(skimage.__file__).parent / 'data' / name))[:, :, ::-1]
    side = round(min(image.shape[:2]) * size / (size + 32))
    top, left = ((length - side) // 2 for length in image.shape[:2])
    image = np.ascontiguousarray(image[top : top + side, left : left + side])
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    return (torch.from_numpy(image).permute(2, 0, 1)[None].float() - 127) / 128


@pytest.mark.parametrize('arch', ARCHS)
def test_photographs_are_named_rightly(arch):
    network = build(arch, pretrained=True, out_indices=(4,)).eval()
    w = official(arch)
    norm = [w[f'_bn1.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias')]
    for name, right in PHOTOGRAPHS.items():
        with torch.no_grad():
            x = F.conv2d(*network(photograph(name)), w['_conv_head.weight'])
            x = F.relu6(F.batch_norm(x, *norm, eps=1e-3)).mean((2, 3))
            scores = F.linear(x, w['_fc.weight'], w['_fc.bias'])
        assert int(scores.argmax()) in right, (name, right, scores.topk(5))


def same(x, weight, stride, groups=1):
    """TensorFlow's convolution with padding='SAME'."""
    kernel = weight.shape[-1]
    pads = []
    for n in reversed(x.shape[2:]):
        total = max((math.ceil(n / stride) - 1) * stride + kernel - n, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)


def by_hand(weights, arch, x):
    """The five outputs from the keys of an official file, in float64."""
    w = {key: value.double() for key, value in weights.items()}

    def norm(x, name):
        mean, var, scale, bias = (
            w[f'{name}.{part}'][:, None, None]
            for part in ('running_mean', 'running_var', 'weight', 'bias')
        )
        return (x - mean) / torch.sqrt(var + 1e-3) * scale + bias

    def relu6(x):
        return x.clamp(0, 6)

    width, depth = FACTORS[arch]
    x = relu6(norm(same(x, w['_conv_stem.weight'], 2), '_bn0'))
    outputs, block = [], 0
    for i, (repeats, _, stride, expansion, channels) in enumerate(STAGES):
        for j in range(repeats if i in (0, 6) else math.ceil(repeats * depth)):
            name, y, step = f'_blocks.{block}', x, stride if j == 0 else 1
            if expansion > 1:
                y = relu6(norm(same(y, w[f'{name}._expand_conv.weight'], 1), f'{name}._bn0'))
            kernel = w[f'{name}._depthwise_conv.weight']
            y = relu6(norm(same(y, kernel, step, groups=len(kernel)), f'{name}._bn1'))
            y = norm(same(y, w[f'{name}._project_conv.weight'], 1), f'{name}._bn2')
            x = x + y if j else y
            block += 1
        assert x.shape[1] == 8 * int(channels * width / 8 + 0.5)
        if i in (0, 1, 2, 4, 6):
            outputs.append(x)
    assert not any(key.startswith(f'_blocks.{block}.') for key in w)
    return outputs


@pytest.mark.parametrize('size', [(64, 96), (63, 65), (38, 51), (1, 7)], ids=str)
@pytest.mark.parametrize('arch', ARCHS)
def test_features_by_hand(arch, size):
    network = build(arch, pretrained=True, out_indices=range(5)).double().eval()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        found = network(x)
        one = build(arch, pretrained=True, out_indices=(3,)).eval()(x.float())[0]
    expected = by_hand(official(arch), arch, x)
    for i, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)
        assert mine.shape[2:] == tuple(math.ceil(n / 2 ** (i + 1)) for n in size)
    torch.testing.assert_close(one.double(), expected[3], rtol=1e-3, atol=1e-3)


def with_statistics(**kwargs):
    """A network with random weights whose batch norms have seen something."""
    torch.manual_seed(0)
    network = build(**kwargs)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.01, 0.1)
            torch.nn.init.normal_(module.bias)
    return network


@pytest.mark.parametrize(('stride', 'steps'), [(16, (1, 2)), (8, (2, 4))])
def test_dilated_features_are_those_of_stride_32_between_others(stride, steps):
    """Where the sizes are even, a stride takes the second of two pixels."""
    networks = [
        with_statistics(out_indices=range(5), output_stride=s).double().eval() for s in (32, stride)
    ]
    x = torch.randn(1, 3, 64, 128, dtype=torch.float64)
    with torch.no_grad():
        plain, dilated = (network(x) for network in networks)
    for mine, theirs in zip(dilated[:3], plain[:3], strict=True):
        assert torch.equal(mine, theirs)
    for mine, theirs, step in zip(dilated[3:], plain[3:], steps, strict=True):
        # the last of each group of pixels is the one that a stride of TensorFlow's keeps
        sampled = mine[..., step - 1 :: step, step - 1 :: step]
        torch.testing.assert_close(sampled, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('stride', [32, 16, 8])
@pytest.mark.parametrize('size', [(65, 33), (47, 96)], ids=str)
def test_sizes_of_every_output_stride(size, stride):
    outputs = build(out_indices=range(5), output_stride=stride).eval()(torch.randn(1, 3, *size))
    for i, (found, channels) in enumerate(zip(outputs, (16, 24, 40, 112, 320), strict=True)):
        step = min(2 ** (i + 1), stride)
        assert found.shape == (1, channels, *(math.ceil(n / step) for n in size))


def test_outputs_in_the_order_of_out_indices():
    x = torch.randn(1, 3, 32, 32)
    network = build(out_indices=(3, 0)).eval()
    assert [out.shape[1] for out in network(x)] == [112, 16]


@pytest.mark.parametrize(
    ('stages', 'trained'),
    [(-1, ('conv_stem', 'bn0', 'blocks.0')), (0, ('blocks.0', 'blocks.1')),
     (1, ('blocks.1', 'blocks.2')), (4, ('blocks.11', 'blocks.15')), (5, ())],
)  # fmt: skip
def test_frozen_stages(stages, trained):
    """What is trained begins with the first of two modules; all before is left as it is."""
    network = with_statistics(frozen_stages=stages, out_indices=range(5)).train()
    before = copy.deepcopy(network.state_dict())
    out = network(torch.randn(2, 3, 64, 64))
    if trained:
        sum(x.square().mean() for x in out).backward()
    names = [name for name, p in network.named_parameters() if p.requires_grad]
    assert all(names[0].startswith(trained[0]) for _ in names[:1]) and bool(names) == bool(trained)
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            moved = not torch.equal(before[f'{name}.running_mean'], module.running_mean)
            assert moved == module.training == module.weight.requires_grad
    for name in trained:
        assert any(key.startswith(f'{name}.') for key in names)
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
    network.eval()
    assert not any(module.training for module in network.modules())


def test_one_image_trains_with_norms_in_eval_mode():
    network = with_statistics(norm_eval=True).train()
    before = copy.deepcopy(network.state_dict())
    sum(x.square().mean() for x in network(torch.randn(1, 3, 32, 32))).backward()
    assert network.training and all(torch.equal(before[k], v) for k, v in network.named_buffers())
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_recomputing_changes_no_gradient():
    x, gradients = torch.randn(2, 3, 33, 40, dtype=torch.float64), []
    for with_cp in (False, True):
        network = with_statistics(with_cp=with_cp).double().train()
        sum(out.square().mean() for out in network(x)).backward()
        gradients.append([p.grad for p in network.parameters()])
    torch.testing.assert_close(*gradients)


def test_channels_last_is_kept_and_changes_nothing():
    network = with_statistics(output_stride=16).eval()
    x = torch.randn(2, 3, 47, 64)
    with torch.no_grad():
        expected = network(x)
        network.to(memory_format=torch.channels_last)
        found = network(x.contiguous(memory_format=torch.channels_last))
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-3)


def test_bfloat16():
    network = with_statistics(out_indices=(1, 2)).train()
    x = torch.randn(2, 3, 16, 17)
    with torch.autocast('cpu', torch.bfloat16):
        found = network(x)
    sum(out.float().square().mean() for out in found).backward()
    for mine, theirs in zip(found, network(x), strict=True):
        assert mine.dtype == torch.bfloat16
        assert (mine.float() - theirs).norm() < 0.05 * theirs.norm()
    assert torch.isfinite(network.conv_stem.weight.grad).all()


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(arch='lite3'), "arch='lite3' is none of lite0, lite1, lite2"),
        (dict(out_indices=()), r'out_indices=\(\) must name outputs from 0'),
        (dict(out_indices=(1, 5)), r'out_indices=\(1, 5\) must name outputs from 0'),
        (dict(out_indices=(-1,)), r'out_indices=\(-1,\) must name outputs from 0'),
        (dict(output_stride=4), 'output_stride=4 must be 32, 16 or 8'),
        (dict(frozen_stages=6), r'frozen_stages=6 must lie between -1 \(none\) and 5'),
    ],
)
def test_impossible_options(options, match):
    with pytest.raises(ValueError, match=match):
        build(**options)
