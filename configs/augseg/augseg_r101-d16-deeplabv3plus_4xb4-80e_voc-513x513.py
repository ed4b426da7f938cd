# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
_base_ = './augseg_r50-d16-deeplabv3plus_4xb4-80e_voc-513x513.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
