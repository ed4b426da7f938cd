_base_ = './supervised_deeplabv3plus-r50_sgd-80e_voc-321x321.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
