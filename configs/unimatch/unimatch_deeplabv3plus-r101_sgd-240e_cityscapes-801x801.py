_base_ = './unimatch_deeplabv3plus-r50_sgd-240e_cityscapes-801x801.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
