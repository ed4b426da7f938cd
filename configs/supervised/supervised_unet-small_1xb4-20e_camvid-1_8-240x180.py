# Never trained here as it stands now: tests make a step with it.
# The baseline: the same network, augmentation and number of updates, labeled images alone.
_base_ = [
    '../_base_/models/unet_small.py',
    '../_base_/datasets/camvid_240x180.py',
    '../_base_/schedules/adamw_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=_base_.crop_size))
