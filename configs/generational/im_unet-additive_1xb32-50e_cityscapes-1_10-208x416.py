# Never trained here: it needs Cityscapes.
# IM with the study's small U-Net on Cityscapes at 208x416, 1/10 of the labels.
_base_ = [
    '../_base_/models/additive_unet.py',
    '../_base_/datasets/generational_cityscapes_208x416.py',
    '../_base_/schedules/adamw_50e.py',
    '../_base_/generations.py',
    '../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
generations = dict(num_generations=5, students_per_generation=5)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=19),
)
