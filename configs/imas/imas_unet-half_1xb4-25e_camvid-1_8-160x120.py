# iMAS on CamVid with a small network from scratch.
_base_ = [
    '../_base_/models/unet_half_camvid.py',
    '../_base_/datasets/semi_camvid_160x120.py',
    '../_base_/schedules/adamw_25e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    semi=dict(type='IMAS', teachers=[dict(type='EMATeacher', momentum=0.02)], threshold=0.7),
)
