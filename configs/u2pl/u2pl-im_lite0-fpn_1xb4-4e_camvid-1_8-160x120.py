# Never trained here with 1/8 of the labels; docs/results.md has figures of 1/16.
# U2PL with the inconsistency mask.
_base_ = './u2pl_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip', 'scale0.75'])],
        im=dict(type='InconsistencyMask'),
    )
)
