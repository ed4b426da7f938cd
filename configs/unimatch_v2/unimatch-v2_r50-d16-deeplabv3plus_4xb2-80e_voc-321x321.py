# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# UniMatch V2, DeepLabV3+ ResNet-50, Pascal VOC.
_base_ = [
    '../_base_/models/deeplabv3plus_r50.py',
    '../_base_/datasets/semi_voc_321.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(unlabeled=dict(pipeline=_base_.two_strong)))
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21),
    semi=dict(
        type='UniMatchV2', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.95
    ),
)
