# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# Mean Teacher, DeepLabV3+ ResNet-50, Pascal VOC.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_voc_321.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21),
    semi=dict(type='MeanTeacher', teachers=[dict(type='EMATeacher', momentum=0.01)], ramp_up=5000),
)
