# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# AugSeg, DeepLabV3+ ResNet-50, Cityscapes.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_cityscapes_800.py',
    '../_base_/schedules/sgd_240e_lr0.01.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    backbone=dict(multi_grid=(2, 4, 8)),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='AugSeg', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.0),
)
