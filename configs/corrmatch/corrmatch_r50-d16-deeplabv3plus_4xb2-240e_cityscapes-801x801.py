# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# CorrMatch as published, but for ResNet-50 at output stride 16 (published: 101 at 8).
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_cityscapes_801.py',
    '../_base_/schedules/sgd_240e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=dict(_base_.ohem, min_kept=100_000)),
    test_cfg=_base_.sliding_window,
    semi=dict(type='CorrMatch', in_channels=2048),
)
