# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './imas_r50-d8-deeplabv3plus_8xb2-240e_cityscapes-769x769.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
