# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
# SegKC, DeepLabV3+ ResNet-50, Cityscapes.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_cityscapes_801.py',
    '../_base_/schedules/sgd_240e.py',
    '../_base_/default_runtime.py',
]
# Chosen, because the abstract fixes no backbones: the senior is a ResNet-101.
senior = dict(_base_.model, label_space='multiclass', test_cfg=_base_.sliding_window)
senior['backbone'] = dict(
    senior['backbone'],
    depth=101,
    init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
)
senior['decode_head'] = dict(
    senior['decode_head'],
    loss_decode=_base_.ohem_loss,
)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(loss_decode=_base_.ohem),
    test_cfg=_base_.sliding_window,
    semi=dict(type='SegKC', senior=senior, channels=(2048, 2048)),
)
