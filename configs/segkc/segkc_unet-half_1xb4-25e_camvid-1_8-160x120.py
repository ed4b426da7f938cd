# SegKC on CamVid with a small network from scratch: the senior has one level more.
_base_ = [
    '../_base_/models/unet_half_camvid.py',
    '../_base_/datasets/semi_camvid_160x120.py',
    '../_base_/schedules/adamw_25e.py',
    '../_base_/default_runtime.py',
]
senior = dict(**_base_.model, label_space='multiclass')
senior['backbone'] = dict(
    senior['backbone'],
    num_stages=5,
    strides=(2, 1, 1, 1, 1),
    enc_num_convs=(2, 2, 2, 2, 2),
    dec_num_convs=(2, 2, 2, 2),
    downsamples=(True, True, True, True),
    enc_dilations=(1, 1, 1, 1, 1),
    dec_dilations=(1, 1, 1, 1),
)
senior['decode_head'] = dict(senior['decode_head'], in_index=4)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    semi=dict(type='SegKC', senior=senior, channels=(16, 16)),
)
