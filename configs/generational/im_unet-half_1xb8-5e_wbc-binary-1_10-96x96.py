# Inconsistency Masks in generations on white blood cells (cell or background), 1/10 of the labels.
_base_ = [
    '../_base_/models/unet_half.py',
    '../_base_/datasets/generational_wbc_binary.py',
    '../_base_/schedules/adamw_5e.py',
    '../_base_/generations.py',
    '../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
decides = 'IoU/cell'  # the mean with the background would hide what the cells gain
generations = dict(metric=decides)
default_hooks = dict(best=dict(metric=decides))
model = dict(
    label_space='binary',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=2, out_channels=1, threshold=0.5),
)
