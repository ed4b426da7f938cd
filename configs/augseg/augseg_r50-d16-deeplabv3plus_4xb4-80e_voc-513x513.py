# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# AugSeg, DeepLabV3+ ResNet-50, Pascal VOC.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_voc_513_augseg.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
auto_scale_lr = dict(base_batch_size=16)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    backbone=dict(multi_grid=(2, 4, 8)),
    decode_head=dict(num_classes=21),
    semi=dict(type='AugSeg', teachers=[dict(type='EMATeacher', momentum=0.001)], threshold=0.95),
)
