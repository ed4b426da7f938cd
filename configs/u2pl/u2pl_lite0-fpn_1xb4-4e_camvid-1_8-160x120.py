# Never trained here with 1/8 of the labels; docs/results.md has figures of 1/16.
# U2PL on CamVid, from ImageNet weights, on a CPU.
_base_ = '../supervised/supervised_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        type='U2PL',
        teachers=[dict(type='EMATeacher', momentum=0.01)],
        in_channels=[64, 64],  # the finest and the coarsest map of the pyramid
        in_index=[0, 3],
        dim=32,
        bank_size=5000,
        max_keys=128,
        num_anchors=128,
    )
)
