# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# iMAS, DeepLabV3+ ResNet-50 at output stride 8, Cityscapes.
_base_ = [
    '../_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/semi_cityscapes_769.py',
    '../_base_/schedules/sgd_240e_lr0.01.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    auxiliary_head=dict(_base_.auxiliary_head, loss_decode=_base_.auxiliary_ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='IMAS', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.7),
)
