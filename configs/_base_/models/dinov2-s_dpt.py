# DINOv2-S with UniMatch V2's DPT head (arXiv 2410.10777). The official checkpoint,
# dinov2_vits14_pretrain.pth, is looked for in pretrained/.
model = dict(
    type='SemiSegmentor',
    data_preprocessor=dict(
        type='MultiViewDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='DINOv2',
        arch='s',
        out_indices=(2, 5, 8, 11),
        init_cfg=dict(type='Pretrained', checkpoint='pretrained/dinov2_vits14_pretrain.pth'),
    ),
    decode_head=dict(
        type='UniMatchDPTHead',
        in_channels=[384] * 4,
        level_channels=[48, 96, 192, 384],
        channels=64,
        num_classes=19,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
