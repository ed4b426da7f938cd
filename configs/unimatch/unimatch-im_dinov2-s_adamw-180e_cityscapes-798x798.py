_base_ = './unimatch_dinov2-s_adamw-180e_cityscapes-798x798.py'
model = dict(
    semi=dict(
        teachers=[dict(type='SelfTeacher', views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
