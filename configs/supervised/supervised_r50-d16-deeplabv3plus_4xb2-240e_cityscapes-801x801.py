# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# Labeled images alone, DeepLabV3+ ResNet-50, Cityscapes.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_cityscapes_801.py',
    '../_base_/schedules/sgd_240e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
)
