_base_ = './fixmatch_dinov2-s_adamw-180e_cityscapes-798x798.py'
model = dict(
    semi=dict(
        teachers=[dict(type='EMATeacher', momentum=0.004, views=['identity', 'hflip'])],
        im=dict(type='InconsistencyMask'),
    )
)
