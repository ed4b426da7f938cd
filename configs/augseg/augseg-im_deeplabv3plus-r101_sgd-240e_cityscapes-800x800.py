_base_ = './augseg_deeplabv3plus-r101_sgd-240e_cityscapes-800x800.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
