# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# iMAS, DeepLabV3+ ResNet-50, Cityscapes.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_cityscapes_769.py',
    '../_base_/schedules/sgd_240e_lr0.01.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=4)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    backbone=dict(multi_grid=(2, 4, 8)),
    decode_head=dict(loss_decode=dict(_base_.ohem, pixels=4 * 769 * 769)),
    auxiliary_head=dict(
        _base_.auxiliary_head, loss_decode=dict(_base_.auxiliary_ohem, pixels=4 * 769 * 769)
    ),
    test_cfg=_base_.sliding_window,
    semi=dict(type='IMAS', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.7),
)
