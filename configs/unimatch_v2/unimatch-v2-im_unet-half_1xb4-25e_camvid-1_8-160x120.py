# UniMatch V2 with the inconsistency mask.
_base_ = './unimatch-v2_unet-half_1xb4-25e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.02, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
