# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './augseg_r101-d16-deeplabv3plus_4xb4-240e_cityscapes-800x800.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
