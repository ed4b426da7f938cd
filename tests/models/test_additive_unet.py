# SPDX-License-Identifier: Apache-2.0
"""The U-Net of the study against NumPy, written from its description."""

import numpy as np
import pytest
import torch

from mmseg_im.errors import UserError
from mmseg_im.models.backbones import AdditiveUNet


def conv(x: np.ndarray, layer) -> np.ndarray:
    """Convolution with 'same' padding of (C, H, W), then ReLU."""
    weight, bias = (p.detach().double().numpy() for p in (layer[0].weight, layer[0].bias))
    k = weight.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (k, k), (k, k)))
    out = np.zeros((len(weight), *x.shape[1:])) + bias[:, None, None]
    for dy in range(2 * k + 1):
        for dx in range(2 * k + 1):
            window = padded[:, dy : dy + x.shape[1], dx : dx + x.shape[2]]
            out += np.einsum('oc,chw->ohw', weight[:, :, dy, dx], window)
    return np.maximum(out, 0)


def norm(x: np.ndarray, layer) -> np.ndarray:
    mean, var, gamma, beta = (
        v.detach().double().numpy()[:, None, None]
        for v in (layer.running_mean, layer.running_var, layer.weight, layer.bias)
    )
    return gamma * (x - mean) / np.sqrt(var + 1e-3) + beta


def block(x: np.ndarray, layers) -> np.ndarray:
    return norm(conv(conv(x, layers[0]), layers[1]), layers[2])


def reference(net: AdditiveUNet, image: np.ndarray) -> np.ndarray:
    x = norm(conv(image, net.stem[0]), net.stem[1])
    skips = []
    for level in net.down:
        x = block(x, level)
        skips.append(x)
        c, h, w = x.shape
        x = x.reshape(c, h // 2, 2, w // 2, 2).max(axis=(2, 4))
    x = block(x, net.bottom)
    for level, skip in zip(net.up, skips[::-1], strict=True):
        x = x.repeat(2, axis=1).repeat(2, axis=2) + skip
        x = block(norm(conv(x, level[0]), level[1]), level[2:])
    return x


def test_forward_equals_numpy():
    net = AdditiveUNet(alpha=0.25)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean):
                torch.nn.init.normal_(value)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    image = torch.randn(2, 3, 32, 16)
    with torch.no_grad():
        (found,) = net.eval()(image)
    expected = np.stack([reference(net, one) for one in image.double().numpy()])
    assert found.shape == (2, 4, 32, 16)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(('alpha', 'million'), [(0.5, 0.17), (2.0, 2.72)])
def test_size_is_the_published_one(alpha, million):
    """Keras counts the running statistics of batch norm, too; the logits are not the backbone's."""
    net = AdditiveUNet(alpha)
    count = sum(v.numel() for v in net.state_dict().values() if v.is_floating_point())
    assert count / 1e6 == pytest.approx(million, abs=0.006)


def test_weights_begin_as_he_normal():
    net = AdditiveUNet(alpha=2.0)
    net.init_weights()
    weight = net.bottom[0][0].weight
    assert weight.std().item() == pytest.approx((2 / weight[0].numel()) ** 0.5, rel=0.02)
    assert not net.bottom[0][0].bias.any()


def test_mistakes_are_sentences():
    with pytest.raises(UserError, match='24 x 32 is no multiple of 16'):
        AdditiveUNet(alpha=0.25)(torch.zeros(1, 3, 24, 32))
    with pytest.raises(UserError, match=r'alpha=0.01 leaves no channel'):
        AdditiveUNet(alpha=0.01)
