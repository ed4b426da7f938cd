# A U-Net of 0.45 million parameters that trains from scratch on a CPU.
norm_cfg = dict(type='BN')
data_preprocessor = dict(
    type='MultiViewDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    test_cfg=dict(size_divisor=16),
)
model = dict(
    type='SemiSegmentor',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='UNet', base_channels=8, norm_cfg=norm_cfg),
    decode_head=dict(
        type='FCNHead',
        in_channels=8,
        in_index=4,
        channels=8,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
