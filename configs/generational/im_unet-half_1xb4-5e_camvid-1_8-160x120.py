# Inconsistency Masks in generations on CamVid, 1/8 of the labels, at 160x120.
_base_ = [
    '../_base_/models/unet_half_camvid.py',
    '../_base_/datasets/generational_camvid_160x120.py',
    '../_base_/schedules/adamw_5e.py',
    '../_base_/generations.py',
    '../_base_/default_runtime.py',
]
runner_type = 'GenerationalRunner'
model = dict(data_preprocessor=dict(size=_base_.crop_size))
