_base_ = './u2pl_deeplabv3plus-r50-d8_sgd-200e_cityscapes-769x769.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
