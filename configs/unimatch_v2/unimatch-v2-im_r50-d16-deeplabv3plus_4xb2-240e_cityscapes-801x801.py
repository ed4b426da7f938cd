# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './unimatch-v2_r50-d16-deeplabv3plus_4xb2-240e_cityscapes-801x801.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
