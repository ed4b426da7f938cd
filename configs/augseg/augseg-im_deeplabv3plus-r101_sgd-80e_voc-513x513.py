_base_ = './augseg_deeplabv3plus-r101_sgd-80e_voc-513x513.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.001, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
