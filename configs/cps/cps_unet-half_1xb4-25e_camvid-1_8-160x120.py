# Never trained here to the end: only steps in miniature were made, by the tests.
# CPS on CamVid with two small networks from scratch, which differ in their first weights.
_base_ = [
    '../_base_/models/unet_half_camvid.py',
    '../_base_/datasets/semi_camvid_160x120.py',
    '../_base_/schedules/adamw_25e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=_base_.crop_size), semi=dict(type='CPS'))
