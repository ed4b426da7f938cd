# Never trained here with 1/8 of the labels; docs/results.md has figures of 1/16.
# UniMatch V2 with the inconsistency mask in place of the confidence threshold.
_base_ = './unimatch-v2_lite0-fpn_1xb4-4e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        threshold=0.0,
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip', 'scale0.75'])],
        im=dict(type='InconsistencyMask'),
    )
)
