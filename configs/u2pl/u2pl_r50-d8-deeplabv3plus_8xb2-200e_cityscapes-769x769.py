# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# U2PL, DeepLabV3+ ResNet-50 at output stride 8, Cityscapes.
_base_ = [
    '../_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/semi_cityscapes_769_u2pl.py',
    '../_base_/schedules/sgd_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem, c1_channels=256, dropout_ratio=0.1),
    auxiliary_head=dict(
        _base_.auxiliary_head, loss_decode=_base_.auxiliary_ohem, dropout_ratio=0.1
    ),
    test_cfg=_base_.sliding_window,
    semi=dict(
        type='U2PL',
        teachers=[dict(type='EMATeacher', momentum=0.01)],
        in_channels=[256, 2048],
        contrast_weight=0.125,  # 1 / 8, as the published code on 8 GPUs: see the README
    ),
)
