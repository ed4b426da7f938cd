_base_ = './imas_deeplabv3plus-r50-d8_sgd-240e_cityscapes-769x769.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
