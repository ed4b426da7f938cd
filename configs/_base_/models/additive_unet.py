# The small U-Net of the study (arXiv 2401.14387, first versions), from scratch.
model = dict(
    type='SemiSegmentor',
    data_preprocessor=dict(
        type='MultiViewDataPreProcessor',
        mean=[0, 0, 0],
        std=[255, 255, 255],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        test_cfg=dict(size_divisor=16),
    ),
    backbone=dict(type='AdditiveUNet', alpha=1.0),
    decode_head=dict(
        type='FCNHead',
        in_channels=16,
        in_index=0,
        channels=16,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=2,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
# IM+ widens the network from generation to generation.
wider_models = [
    dict(
        backbone=dict(alpha=a),
        decode_head=dict(in_channels=int(16 * a), channels=int(16 * a)),
    )
    for a in (1.0, 1.25, 1.5, 1.75, 2.0)
]
