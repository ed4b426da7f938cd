_base_ = './u2pl_deeplabv3plus-r50-d8_sgd-80e_voc-513x513.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
