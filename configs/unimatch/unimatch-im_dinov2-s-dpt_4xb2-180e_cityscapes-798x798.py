# Never trained here: it needs Cityscapes, pretrained weights and GPUs.
_base_ = './unimatch_dinov2-s-dpt_4xb2-180e_cityscapes-798x798.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
