# Never trained here: it needs Pascal VOC, pretrained weights and GPUs.
# U2PL, DeepLabV3+ ResNet-50 at output stride 8, Pascal VOC.
_base_ = [
    '../_base_/models/deeplabv3plus_r50-d8.py',
    '../_base_/datasets/semi_voc_513_u2pl.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
auto_scale_lr = dict(base_batch_size=16)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=21, c1_channels=256, dropout_ratio=0.1),
    semi=dict(
        type='U2PL',
        teachers=[dict(type='EMATeacher', momentum=0.01)],
        in_channels=[256, 2048],
        contrast_weight=0.25,  # 1 / 4, as the published code on 4 GPUs: see the README
    ),
)
