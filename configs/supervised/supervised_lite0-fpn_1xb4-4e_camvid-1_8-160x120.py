# Never trained here with 1/8 of the labels; docs/results.md has figures of 1/16.
# Labeled images alone on CamVid, from ImageNet weights, on a CPU.
_base_ = [
    '../_base_/models/lite0_fpn_camvid.py',
    '../_base_/datasets/semi_camvid_160x120.py',
    '../_base_/schedules/adamw_lite.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(num_samples=1600))
model = dict(data_preprocessor=dict(size=_base_.crop_size))
