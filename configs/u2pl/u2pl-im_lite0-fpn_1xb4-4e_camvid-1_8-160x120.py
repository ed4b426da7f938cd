# Never trained here to the end: only steps in miniature were made, by the tests.
# U2PL with the inconsistency mask.
_base_ = './u2pl_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip', 'scale0.75'])],
        im=dict(type='InconsistencyMask'),
    )
)
