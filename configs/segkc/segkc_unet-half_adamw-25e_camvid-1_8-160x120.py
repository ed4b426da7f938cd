# SegKC on CamVid with a small network from scratch: the senior is twice as wide.
_base_ = [
    '../_base_/models/unet_half_camvid.py',
    '../_base_/datasets/semi_camvid_160x120.py',
    '../_base_/schedules/adamw_25e.py',
    '../_base_/default_runtime.py',
]
senior = dict(
    **_base_.model,
    label_space='multiclass',
)
senior['backbone'] = dict(senior['backbone'], base_channels=32)
senior['decode_head'] = dict(senior['decode_head'], in_channels=32, channels=32)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    semi=dict(type='SegKC', senior=senior, channels=(16, 32)),
)
