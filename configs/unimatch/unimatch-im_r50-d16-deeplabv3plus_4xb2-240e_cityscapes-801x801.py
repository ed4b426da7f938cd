# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './unimatch_r50-d16-deeplabv3plus_4xb2-240e_cityscapes-801x801.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
