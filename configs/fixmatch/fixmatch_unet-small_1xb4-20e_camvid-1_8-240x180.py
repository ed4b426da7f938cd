# Never trained here as it stands now: tests make a step with it.
# FixMatch on CamVid with a small network from scratch.
_base_ = [
    '../_base_/models/unet_small.py',
    '../_base_/datasets/semi_camvid_240x180.py',
    '../_base_/schedules/adamw_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    semi=dict(type='FixMatch', teachers=[dict(type='EMATeacher', momentum=0.004)], threshold=0.8),
)
