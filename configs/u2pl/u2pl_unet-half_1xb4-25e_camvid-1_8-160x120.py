# U2PL on CamVid with a small network from scratch.
_base_ = [
    '../_base_/models/unet_half_camvid.py',
    '../_base_/datasets/semi_camvid_160x120.py',
    '../_base_/schedules/adamw_25e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    semi=dict(
        type='U2PL',
        teachers=[dict(type='EMATeacher', momentum=0.02)],
        in_channels=[16, 128],  # the finest and the coarsest map of the U-Net
        in_index=[3, 0],
        dim=32,
        bank_size=5000,
        max_keys=128,
        num_anchors=128,
    ),
)
