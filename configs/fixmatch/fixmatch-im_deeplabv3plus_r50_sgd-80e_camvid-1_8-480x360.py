_base_ = './fixmatch_deeplabv3plus_r50_sgd-80e_camvid-1_8-480x360.py'
model = dict(
    semi=dict(
        teachers=[
            dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip', 'scale0.75'])
        ],
        im=dict(type='InconsistencyMask'),
    ),
)
