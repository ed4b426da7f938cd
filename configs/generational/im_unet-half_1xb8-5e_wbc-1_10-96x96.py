# Inconsistency Masks in generations on white blood cells (two classes that overlap), 1/10 of the
# labels.
_base_ = [
    '../_base_/models/unet_half.py',
    '../_base_/datasets/generational_wbc.py',
    '../_base_/schedules/adamw_5e.py',
    '../_base_/generations.py',
    '../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
model = dict(
    label_space='multilabel',
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=2),
)
