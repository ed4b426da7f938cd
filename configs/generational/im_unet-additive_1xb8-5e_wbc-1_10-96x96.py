# Never trained here: tests make a step with it.
# IM with the study's small U-Net on white blood cells, 1/10 of the labels.
_base_ = [
    '../_base_/models/additive_unet.py',
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
