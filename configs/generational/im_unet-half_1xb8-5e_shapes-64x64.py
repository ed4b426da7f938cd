# Never trained here: the demo trains it with more images an epoch.
# Inconsistency Masks in generations on patterned shapes, 12 of 160 images labeled.
_base_ = [
    '../_base_/models/unet_half.py',
    '../_base_/datasets/generational_shapes.py',
    '../_base_/schedules/adamw_5e.py',
    '../_base_/generations.py',
    '../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
model = dict(data_preprocessor=dict(size=_base_.crop_size), decode_head=dict(num_classes=4))
