# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './u2pl_r50-d8-deeplabv3plus_8xb2-200e_cityscapes-769x769.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.01, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
