# SPDX-License-Identifier: Apache-2.0
"""Small networks of each kind of this project, with scores that are not all alike."""

import numpy as np
import torch
from mmengine.config import Config
from mmseg.models import EncoderDecoder

from mmseg_im.models.segmentors.channels import input_channels
from mmseg_im.teachers.networks import build_network
from tests.conftest import ROOT

OVERRIDES = {
    'unet_small': {'backbone.base_channels': 4, 'decode_head.in_channels': 4},
    'lite0_fpn': {'neck.out_channels': 8, 'decode_head.in_channels': [8] * 4,
                  'decode_head.channels': 8},
    'deeplabv3plus_r50': {
        'backbone.depth': 18, 'backbone.base_channels': 8, 'backbone.stem_channels': 8,
        'decode_head.in_channels': 64, 'decode_head.channels': 8,
        'decode_head.c1_in_channels': 8, 'decode_head.c1_channels': 4,
    },
    'dinov2-s_dpt': {
        'backbone.arch': dict(_delete_=True, embed_dims=24, depth=4, num_heads=2),
        'backbone.out_indices': range(4),
        'decode_head.in_channels': [24] * 4, 'decode_head.level_channels': [4, 4, 8, 8],
        'decode_head.channels': 8,
    },
}  # fmt: skip


def model_config(name: str, space: str = 'multiclass', num_classes: int = 4) -> dict:
    """The model of ``configs/_base_/models``, made small, for a label space."""
    cfg = Config.fromfile(ROOT / f'configs/_base_/models/{name}.py')
    values = dict(OVERRIDES[name]) | {'decode_head.num_classes': num_classes}
    if space != 'multiclass':
        loss = dict(type='CrossEntropyLoss', use_sigmoid=True, avg_non_ignore=True)
        values |= {'decode_head.loss_decode': loss, 'label_space': space}
    if space == 'binary':
        values |= {'decode_head.out_channels': 1, 'decode_head.threshold': 0.5}
    cfg.model.backbone.init_cfg = None
    cfg.merge_from_dict({f'model.{key}': value for key, value in values.items()})
    cfg.model.pop('auxiliary_head', None)
    return cfg.model.to_dict()


def small_network(model: dict, seed: int = 0) -> EncoderDecoder:
    """A network whose weights and statistics of batch norm are drawn."""
    torch.manual_seed(seed)
    network = build_network(model, 'model').eval()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    torch.nn.init.normal_(network.decode_head.conv_seg.weight)
    channels = input_channels(network)
    head = network.decode_head.conv_seg
    with torch.no_grad():  # logits that vary over the image, around 0
        logits = network._forward(torch.randn(1, channels, 112, 112))
        spread = logits.std(dim=(2, 3)).mean()
        head.weight.div_(spread)
        head.bias.copy_((head.bias - logits.mean(dim=(0, 2, 3))) / spread)
    return network


def drawn_images(number: int = 3, size: tuple[int, int] = (60, 81), channels: int = 3) -> list:
    """Images (H, W, C) uint8 whose channels differ, so that their order matters."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (number, 6, 9, channels), dtype=np.uint8)
    factor = (size[0] // 6 + 1, size[1] // 9 + 1)
    large = coarse.repeat(factor[0], 1).repeat(factor[1], 2)[:, : size[0], : size[1]]
    return list((large // np.arange(1, channels + 1)).astype(np.uint8))
