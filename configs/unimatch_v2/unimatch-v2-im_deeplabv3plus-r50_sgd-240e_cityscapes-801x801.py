_base_ = './unimatch-v2_deeplabv3plus-r50_sgd-240e_cityscapes-801x801.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
