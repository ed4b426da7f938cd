# Never trained here: it needs ADE20K, pretrained weights and GPUs.
# UniMatch V2, DINOv2-S, ADE20K.
_base_ = [
    '../_base_/models/dinov2-s_dpt.py',
    '../_base_/datasets/semi_ade20k_518.py',
    '../_base_/schedules/adamw_dinov2_60e.py',
    '../_base_/default_runtime.py',
]
auto_scale_lr = dict(base_batch_size=8)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=150),
    semi=dict(
        type='UniMatchV2', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.95
    ),
)
