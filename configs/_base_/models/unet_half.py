# A U-Net of 0.45 million parameters that works at half the resolution of the image: on a CPU half
# the time of unet_small.py, and more of the image in view of a pixel.
norm_cfg = dict(type='BN')
model = dict(
    type='SemiSegmentor',
    data_preprocessor=dict(
        type='MultiViewDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        test_cfg=dict(size_divisor=16),
    ),
    backbone=dict(
        type='UNet',
        base_channels=16,
        num_stages=4,
        strides=(2, 1, 1, 1),
        enc_num_convs=(2, 2, 2, 2),
        dec_num_convs=(2, 2, 2),
        downsamples=(True, True, True),
        enc_dilations=(1, 1, 1, 1),
        dec_dilations=(1, 1, 1),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='FCNHead',
        in_channels=16,
        in_index=3,
        channels=16,
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
# IM+ widens the network from generation to generation.
wider_models = [
    dict(backbone=dict(base_channels=c), decode_head=dict(in_channels=c, channels=c))
    for c in (16, 20, 24, 28, 32)
]
