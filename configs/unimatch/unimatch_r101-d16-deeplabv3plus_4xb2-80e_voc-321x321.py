# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
_base_ = './unimatch_r50-d16-deeplabv3plus_4xb2-80e_voc-321x321.py'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
    )
)
