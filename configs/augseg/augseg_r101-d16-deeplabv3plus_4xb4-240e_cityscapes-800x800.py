# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './augseg_r50-d16-deeplabv3plus_4xb4-240e_cityscapes-800x800.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
