# Never trained here as it stands now: tests make a step with it.
# FixMatch with the inconsistency mask over three views of the EMA teacher.
_base_ = './fixmatch_unet-small_1xb4-20e_camvid-1_8-240x180.py'
model = dict(
    semi=dict(
        teachers=[
            dict(type='EMATeacher', views=['identity', 'hflip', 'scale0.75'], size_divisor=16)
        ],
        im=dict(type='InconsistencyMask'),
    ),
)
