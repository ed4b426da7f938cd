# SPDX-License-Identifier: Apache-2.0
"""One training step of a dozen of mmseg's architectures, each one as tiny as it gets.

The configs are modelled on mmseg's base configs, narrower and shallower. Left out are MaskFormer
and Mask2Former: without mmdet mmseg cannot build their heads.
"""

import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_im.checkpoints.comparing import METHOD_PREFIX

NUM_CLASSES = 4
SIZE = (64, 64)
BN = dict(type='BN')
LN = dict(type='LN')

PREPROCESSOR = dict(
    type='MultiViewDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    size=SIZE,
)
FIXMATCH = dict(
    type='FixMatch',
    teachers=[dict(type='EMATeacher', views=['identity', 'hflip'])],
    threshold=0.0,
    im=dict(type='InconsistencyMask'),
)


def head(type_: str, in_channels, in_index=-1, channels: int = 8, norm_cfg=BN, **options) -> dict:
    """Config of a decode or auxiliary head."""
    return dict(
        type=type_,
        in_channels=in_channels,
        in_index=in_index,
        channels=channels,
        num_classes=NUM_CLASSES,
        norm_cfg=norm_cfg,
        align_corners=False,
        **options,
    )


def fcn(in_channels: int, in_index: int = -1) -> dict:
    """Config of the plainest head, that of most auxiliary heads in mmseg."""
    return head('FCNHead', in_channels, in_index, num_convs=1, concat_input=False)


def resnet(dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1)) -> dict:
    """Config of a ResNet-18 with 8, 16, 32 and 64 channels, by default of output stride 8."""
    return dict(
        type='ResNetV1c',
        depth=18,
        stem_channels=8,
        base_channels=8,
        dilations=dilations,
        strides=strides,
        contract_dilation=True,
        norm_cfg=BN,
    )


def vit(**options) -> dict:
    """Config of a vision transformer that sees an image as 4x4 patches."""
    return dict(
        type='VisionTransformer',
        img_size=SIZE,
        patch_size=16,
        embed_dims=16,
        num_heads=2,
        norm_cfg=LN,
        **options,
    )


FPN = dict(
    backbone=resnet(dilations=(1, 1, 1, 1), strides=(1, 2, 2, 2)),
    neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=8, num_outs=4),
    decode_head=head('FPNHead', [8] * 4, [0, 1, 2, 3], feature_strides=[4, 8, 16, 32]),
)
POINT_REND = dict(
    FPN,
    num_stages=2,
    decode_head=[
        FPN['decode_head'],
        head('PointHead', [8], [0], num_fcs=3, coarse_pred_each_layer=True, dropout_ratio=-1),
    ],
)

# num_stages makes it a cascade. No pooling to 1x1 where it can be avoided: BN of two values only
# keeps their signs.
ARCHITECTURES = dict(
    fcn=dict(
        backbone=resnet(),
        decode_head=head('FCNHead', 64, num_convs=2),
        auxiliary_head=fcn(32, 2),
    ),
    fpn=FPN,
    pspnet=dict(
        backbone=resnet(),
        decode_head=head('PSPHead', 64, pool_scales=(2, 3)),
        auxiliary_head=fcn(32, 2),
    ),
    deeplabv3plus=dict(
        backbone=resnet(),
        decode_head=head(
            'DepthwiseSeparableASPPHead',
            64,
            dilations=(1, 2, 3),
            c1_in_channels=8,
            c1_channels=4,
        ),
        auxiliary_head=fcn(32, 2),
    ),
    upernet_swin=dict(
        backbone=dict(
            type='SwinTransformer',
            embed_dims=8,
            depths=(2, 1, 1, 1),  # every second block of a stage has shifted windows
            num_heads=(1, 2, 2, 4),
            window_size=4,
            norm_cfg=LN,
        ),
        decode_head=head('UPerHead', [8, 16, 32, 64], [0, 1, 2, 3], pool_scales=(2, 3)),
        auxiliary_head=fcn(32, 2),
    ),
    segformer=dict(
        backbone=dict(
            type='MixVisionTransformer',
            embed_dims=4,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 2, 4, 8],
            sr_ratios=[8, 4, 2, 1],
        ),
        decode_head=head('SegformerHead', [4, 8, 16, 32], [0, 1, 2, 3]),
    ),
    bisenetv2=dict(
        backbone=dict(
            type='BiSeNetV2',
            detail_channels=(8, 8, 16),
            semantic_channels=(4, 8, 12, 16),
            semantic_expansion_ratio=2,
            bga_channels=16,
        ),
        decode_head=fcn(16, 0),
        auxiliary_head=[fcn(4, 1), fcn(8, 2), fcn(12, 3), fcn(16, 4)],
    ),
    ocrnet=dict(
        num_stages=2,
        backbone=resnet(),
        decode_head=[fcn(32, 2), head('OCRHead', 64, ocr_channels=8)],
    ),
    segmenter=dict(
        backbone=vit(num_layers=2, final_norm=True),
        decode_head=head(
            'SegmenterMaskTransformerHead',
            16,
            channels=16,
            norm_cfg=LN,
            num_layers=1,
            num_heads=2,
            embed_dims=16,
        ),
    ),
    setr_pup=dict(
        backbone=vit(num_layers=2, out_indices=(0, 1)),
        decode_head=head('SETRUPHead', 16, num_convs=2, up_scale=2),
        auxiliary_head=head('SETRUPHead', 16, 0, num_convs=1, up_scale=4),
    ),
    setr_mla=dict(
        backbone=vit(num_layers=4, out_indices=(0, 1, 2, 3), with_cls_token=False),
        neck=dict(type='MLANeck', in_channels=[16] * 4, out_channels=8, norm_cfg=BN),
        decode_head=head('SETRMLAHead', (8,) * 4, (0, 1, 2, 3), channels=16, mla_channels=4),
        auxiliary_head=[fcn(8, i) for i in range(4)],
    ),
    unet=dict(
        backbone=dict(type='UNet', base_channels=4),
        decode_head=fcn(4, 4),
        auxiliary_head=fcn(8, 3),
    ),
)

each_architecture = pytest.mark.parametrize('name', ARCHITECTURES)


@pytest.fixture(autouse=True)
def _seed_and_scope():
    init_default_scope('mmseg')
    torch.manual_seed(0)


def build_segmentor(architecture: dict, semi: dict | None = FIXMATCH) -> nn.Module:
    """Builds a semi-supervised segmentor or, with ``semi=None``, mmseg's own one."""
    cfg = dict(copy.deepcopy(architecture), test_cfg=dict(mode='whole'))
    cascade = 'Cascade' if 'num_stages' in cfg else ''
    if semi is None:
        cfg.update(type=f'{cascade}EncoderDecoder')
    else:
        cfg.update(
            type=f'Semi{cascade}Segmentor', data_preprocessor=PREPROCESSOR, semi=copy.deepcopy(semi)
        )
    model = MODELS.build(cfg)
    model.init_weights()  # as the Runner does
    return model.train()


def images() -> list[Tensor]:
    return list(torch.randint(256, (2, 3, *SIZE), dtype=torch.uint8))


def samples(labels: Tensor) -> list[SegDataSample]:
    return [SegDataSample(gt_sem_seg=PixelData(data=label)) for label in labels]


def make_batch() -> dict:
    """Two labeled and two unlabeled images, as the data loader hands them over."""
    empty = torch.zeros(2, 1, *SIZE, dtype=torch.long)
    return dict(
        inputs={view: images() for view in ('sup', 'weak', 'strong')},
        data_samples=dict(
            sup=samples(torch.randint_like(empty, NUM_CLASSES)),
            weak=samples(empty),
            strong=samples(empty.clone()),
        ),
    )


def split(named: dict) -> tuple[dict, dict]:
    """Parameters or a state dict of the student, and those of the method."""
    student = {key: value for key, value in named.items() if not key.startswith(METHOD_PREFIX)}
    return student, {key: value for key, value in named.items() if key not in student}


class GradientKeepingOptimWrapper(OptimWrapper):
    """mmengine clears the gradients right after the step, where a test wants to look at them."""

    def zero_grad(self, **kwargs) -> None:
        pass


@each_architecture
def test_train_step(name):
    model = build_segmentor(ARCHITECTURES[name])
    before = {key: p.detach().clone() for key, p in model.backbone.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    log = model.train_step(make_batch(), GradientKeepingOptimWrapper(optimizer=optimizer))

    assert 'unsup.loss_strong' in log
    assert all(torch.as_tensor(value).isfinite().all() for value in log.values()), log
    assert any(not torch.equal(p, before[key]) for key, p in model.backbone.named_parameters())
    student, method = split(dict(model.named_parameters()))
    assert method and all(p.grad is None for p in method.values())
    # No exception is needed: mmseg uses each parameter of backbone, neck and heads.
    assert not [key for key, p in student.items() if p.requires_grad and p.grad is None]
    assert all(p.grad.isfinite().all() for p in student.values() if p.requires_grad)


@each_architecture
def test_losses(name):
    model = build_segmentor(ARCHITECTURES[name])
    stock = build_segmentor(ARCHITECTURES[name], semi=None)
    data = model.data_preprocessor(make_batch(), training=True)

    losses = model(**data, mode='loss')

    assert losses['unsup.loss_strong'].requires_grad
    assert losses['unsup.loss_strong'] > 0  # the mask leaves a part of the batch
    supervised = [key for key in losses if not key.startswith('unsup.')]
    expected = stock(data['inputs']['sup'], data['data_samples']['sup'], mode='loss')
    assert supervised == list(expected)


@each_architecture
def test_student_checkpoint_is_a_checkpoint_of_mmseg(name):
    student, method = split(build_segmentor(ARCHITECTURES[name]).state_dict())
    stock = build_segmentor(ARCHITECTURES[name], semi=None)

    assert method
    assert list(student) == list(stock.state_dict())
    stock.load_state_dict(student, strict=True)


def test_point_rend_is_refused():
    build_segmentor(POINT_REND, semi=None)  # mmseg takes it
    with pytest.raises(ValueError, match='PointHead'):
        build_segmentor(POINT_REND)
