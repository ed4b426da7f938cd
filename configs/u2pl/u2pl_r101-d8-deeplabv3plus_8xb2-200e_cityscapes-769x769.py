# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './u2pl_r50-d8-deeplabv3plus_8xb2-200e_cityscapes-769x769.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
