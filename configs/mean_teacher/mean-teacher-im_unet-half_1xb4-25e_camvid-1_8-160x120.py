# Mean Teacher with the inconsistency mask.
_base_ = './mean-teacher_unet-half_1xb4-25e_camvid-1_8-160x120.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.02, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
