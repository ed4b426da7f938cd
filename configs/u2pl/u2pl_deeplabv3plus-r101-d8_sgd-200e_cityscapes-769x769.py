_base_ = './u2pl_deeplabv3plus-r50-d8_sgd-200e_cityscapes-769x769.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
