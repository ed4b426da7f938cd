# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# SegKC, DeepLabV3+ ResNet-50, Pascal VOC.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_voc_321.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
# Chosen, because the abstract fixes no backbones: the senior is a ResNet-101.
senior = dict(**_base_.model, label_space='multiclass')
senior['backbone'] = dict(
    senior['backbone'],
    depth=101,
    init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
)
senior['decode_head'] = dict(
    senior['decode_head'],
    num_classes=21,
)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21),
    semi=dict(type='SegKC', senior=senior, channels=(2048, 2048)),
)
