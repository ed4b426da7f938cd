_base_ = './imas_deeplabv3plus-r50_sgd-80e_voc-513x513.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
