# Never trained here: it needs ISIC 2018.
# IM with the study's small U-Net on ISIC 2018, 1/10 of the labels.
_base_ = [
    '../_base_/models/additive_unet.py',
    '../_base_/datasets/generational_isic2018.py',
    '../_base_/schedules/adamw_50e.py',
    '../_base_/generations.py',
    '../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
decides = 'IoU/lesion'  # the mean with the background would hide what the lesions gain
generations = dict(
    num_generations=5,
    students_per_generation=5,
    metric=decides,
    im=dict(min_foreground=True),  # as in the study
)
default_hooks = dict(best=dict(metric=decides))
model = dict(
    label_space='binary',
    data_preprocessor=dict(size=_base_.crop_size),
    backbone=dict(alpha=0.5),
    decode_head=dict(in_channels=8, channels=8, num_classes=2, out_channels=1, threshold=0.5),
)
wider_models = [
    dict(
        backbone=dict(alpha=a),
        decode_head=dict(in_channels=int(16 * a), channels=int(16 * a)),
    )
    for a in (0.5, 0.75, 1.0, 1.25, 1.5)
]
