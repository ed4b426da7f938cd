# SPDX-License-Identifier: Apache-2.0
"""State dicts that a tiny network of four classes must not predict with."""

import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from tests.conftest import tiny_model

OTHER = 'is of another architecture than the network of the config, '
WRONG = {
    'another architecture': OTHER,
    'wider': OTHER,
    'deeper': OTHER,
    'other norm': OTHER,
    'empty': 'holds no weights of a network. Name a checkpoint',
    'no tensors': 'holds no weights of a network. Name a checkpoint',
    'five classes': 'has 5 classes and the network 4',
    'one channel': 'has 1 channels and the network 4',
    'prefixed': "Its keys fit without the prefix 'student.': ",
    'student and teacher': "Its keys fit without the prefix 'student.' or 'teacher.': ",
    'backbone alone': 'Its keys fit backbone alone: ',
    'no head': 'decode_head 0 of 7',
    'NaN': 'not finite (NaN or infinite) in 1 of 32 weights, backbone.encoder.0.0.convs.0.conv.w',
    'infinite': 'decode_head.conv_seg.bias: its training has failed',
    'only a method': 'holds no weights of a network; it holds such as semi.teachers.0.module.',
}
"""dict[str, str]: What is said of each, in part."""


def network(convs: int = 1, width: int = 4, **options) -> torch.nn.Module:
    """A segmentor, always with the same random weights."""
    torch.manual_seed(0)
    cfg = tiny_model(**options)
    cfg['backbone'].update(
        enc_num_convs=(convs, convs), dec_num_convs=(convs,), base_channels=width
    )
    cfg['decode_head']['in_channels'] = width
    return MODELS.build(cfg)


def wrong_weights() -> dict[str, dict]:
    """The state dicts, by the names of ``WRONG``."""
    init_default_scope('mmseg')  # for fixtures of a module
    own = network().state_dict()
    nan = dict(own, **{'backbone.encoder.0.0.convs.0.conv.weight': torch.full((4, 3, 3, 3), 1e9)})
    nan['backbone.encoder.0.0.convs.0.conv.weight'][0] = torch.nan
    resnet = dict(type='ResNet', depth=18, base_channels=4, stem_channels=4)
    return {
        'another architecture': MODELS.build(resnet).state_dict(),
        'wider': network(width=8).state_dict(),
        'deeper': network(convs=3).state_dict(),
        'other norm': network(norm='GN').state_dict(),
        'empty': {},
        'no tensors': dict(model=own, epoch=3),
        'five classes': network(num_classes=5).state_dict(),
        'one channel': {k: v[:1] if 'conv_seg' in k else v for k, v in own.items()},
        'prefixed': {f'student.{k}': v for k, v in own.items()},
        'student and teacher': {
            f'{role}.{k}': v for k, v in own.items() for role in ('student', 'teacher')
        },
        'backbone alone': {
            k.removeprefix('backbone.'): v for k, v in own.items() if k.startswith('backbone.')
        },
        'no head': {k: v for k, v in own.items() if not k.startswith('decode_head.')},
        'NaN': nan,
        'infinite': dict(own, **{'decode_head.conv_seg.bias': torch.full((4,), torch.inf)}),
        'only a method': {f'semi.teachers.0.module.{k}': v for k, v in own.items()},
    }
