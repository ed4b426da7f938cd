# Never trained here: it needs a GPU.
_base_ = './fixmatch_r50-d16-deeplabv3plus_2xb4-80e_camvid-1_8-480x360.py'
model = dict(
    semi=dict(
        teachers=[
            dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip', 'scale0.75'])
        ],
        im=dict(type='InconsistencyMask'),
    ),
)
